// SPDX-License-Identifier: Apache-2.0
// replay DIRECTORY...: gives each file there to the fuzz target that it is linked with. A directory
// without files is a failure, or a corpus that got lost would pass. It must not change anything.
#include "fuzz.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

namespace fs = std::filesystem;

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cout << "usage: " << argv[0] << " DIRECTORY...\n";
        return EXIT_FAILURE;
    }
    for (int i = 1; i < argc; ++i) {
        std::error_code error;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(argv[i], error)) {
            if (entry.is_regular_file()) files.push_back(entry.path());
        }
        if (files.empty()) {
            std::cout << argv[i] << ": no files there\n";
            return EXIT_FAILURE;
        }
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files) {
            std::cout << file.filename().string() << std::endl;  // before it may crash
            std::ostringstream content;
            content << std::ifstream(file, std::ios::binary).rdbuf();
            const std::string text = content.str();
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
        }
    }
    return EXIT_SUCCESS;
}
