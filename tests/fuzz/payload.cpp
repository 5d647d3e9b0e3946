// SPDX-License-Identifier: Apache-2.0
// What the generated command lines run: it says that it ran, with its arguments, and ends.
#include <unistd.h>

#include <string>

int main(int argc, char** argv) {
    std::string text = "the payload ran:";
    for (int i = 1; i < argc; ++i) text += std::string(" ") + argv[i];
    text += "\n";
    // Whoever closes its standard output does not hear it; that is no failure of the sandbox.
    [[maybe_unused]] const auto put = ::write(STDOUT_FILENO, text.data(), text.size());
    return 0;
}
