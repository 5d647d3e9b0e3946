// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <sbx/text.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace sbx::cli {

std::string printable_lines(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        out += printable(text.substr(0, end));
        if (end < text.size()) out += '\n';
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

int write_output(std::string_view text) {
    const bool put = std::fputs(printable_lines(text).c_str(), stdout) >= 0;
    return std::fflush(stdout) == 0 && put ? 0 : errno;
}

void write_error(std::string_view text) { std::fputs(printable_lines(text).c_str(), stderr); }

}  // namespace sbx::cli
