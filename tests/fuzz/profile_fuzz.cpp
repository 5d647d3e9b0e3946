// SPDX-License-Identifier: Apache-2.0
// The text of a profile.
#include "fuzz.hpp"

#include "cli/profile_text.hpp"

#include <optional>

using namespace sbx::test;

namespace {

// A value that would do harm if it were read a second time.
std::optional<std::string> variable(const std::string& name) {
    if (name == "HOME") return "/h ${HOME} \" '";
    return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text = text_of(data, size);
    const auto lines = sbx::cli::parse_profile(text, "p", variable);
    if (!lines) {
        require(lines.error().message.compare(0, 2, "p:") == 0, "an error names the line",
                lines.error().message);
        require(!has_control(lines.error().message), "an error is one line", lines.error().message);
        return 0;
    }
    std::string again;
    for (const auto& line : *lines) again += sbx::cli::profile_line(line.key, line.words) + "\n";
    const auto same = sbx::cli::parse_profile(again, "p", variable);
    require(same.has_value(), "what was read can be written and read again", again);
    require(same->size() == lines->size(), "with as many lines", again);
    for (std::size_t i = 0; i < lines->size(); ++i) {
        require((*lines)[i].key == (*same)[i].key && (*lines)[i].words == (*same)[i].words,
                "with the same words", again);
    }
    return 0;
}
