// SPDX-License-Identifier: Apache-2.0
// usage: payload VERB [WORD...] [, VERB [WORD...]]...
#include "payload.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace payload {

void say(const Context& context, const std::string& text) {
    const std::string line = text + "\n";
    if (::write(context.output, line.data(), line.size()) < 0) ::_exit(120);
}

void tell(const Context& context, const std::string& what, long result) {
    const int error = errno;
    say(context, what + " " + (result >= 0 ? "ok" : strerrorname_np(error)));
}

std::string escaped(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7f && c != '\\') {
            out += c;
        } else {
            out += "\\x";
            out += digits[byte >> 4U];
            out += digits[byte & 0xfU];
        }
    }
    return out;
}

namespace {

const Verb* find_verb(std::string_view name) {
    for (const auto& verbs :
         {sights(), details(), tries(), attacks(), rights(), scheduling(), processes()}) {
        for (const Verb& verb : verbs) {
            if (verb.name == name) return &verb;
        }
    }
    return nullptr;
}

int act(Context& context, const Words& sentence) {
    const Verb* verb = find_verb(sentence.front());
    if (verb == nullptr || sentence.size() - 1 < verb->words) {
        say(context, "payload: cannot \"" + sentence.front() + "\"");
        return 119;
    }
    verb->act(context, Words(sentence.begin() + 1, sentence.end()));
    return 0;
}

}  // namespace
}  // namespace payload

int main(int argc, char** argv) {
    // A test that dies leaves nobody behind who waits for it.
    ::alarm(60);
    payload::Context context;
    context.called = argv[0];
    payload::Words sentence;
    for (int i = 1; i <= argc; ++i) {
        if (i < argc && std::strcmp(argv[i], ",") != 0) {
            sentence.emplace_back(argv[i]);
            continue;
        }
        if (!sentence.empty()) {
            if (const int status = payload::act(context, sentence)) return status;
        }
        sentence.clear();
    }
    return 0;
}
