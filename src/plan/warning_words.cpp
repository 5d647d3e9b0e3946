// SPDX-License-Identifier: Apache-2.0
#include "plan/warning_words.hpp"

#include "base/program_name.hpp"
#include "base/text.hpp"

namespace sbx::planning {

std::string with(const std::string& what, const std::string& destination) {
    return what + " " + shell_words({destination});
}

namespace {

// A mount as it was given: "--bind /a /b".
struct Given {
    std::string operator()(const entry::Bind& e) const {
        const char* name = e.access == Access::read_only ? "--ro-bind"
                           : e.access == Access::device  ? "--dev-bind"
                                                         : "--bind";
        return std::string(name) + (e.if_missing == IfMissing::skip ? "-try " : " ") +
               shell_words({e.source, e.destination});
    }
    std::string operator()(const entry::Tmpfs& e) const { return with("--tmpfs", e.destination); }
    std::string operator()(const entry::Proc& e) const { return with("--proc", e.destination); }
    std::string operator()(const entry::Dev& e) const { return with("--dev", e.destination); }
    std::string operator()(const entry::Mqueue& e) const { return with("--mqueue", e.destination); }
    std::string operator()(const entry::Wayland& e) const {
        return "--wayland " + shell_words({e.source, e.destination});
    }
    std::string operator()(const entry::Overlay& e) const {
        return with("the overlay on", e.destination);
    }
    std::string operator()(const auto& e) const {
        return with("what is mounted on", e.destination);
    }
};

}  // namespace

std::string option_of(const Entry& entry) { return std::visit(Given{}, entry); }

std::string start_elsewhere(const Entry& entry) {
    const auto* bind = std::get_if<entry::Bind>(&entry);
    return bind != nullptr && bind->source == ".."
               ? "keep the source tree in a directory of its own, as in ~/packages/hello/hello-1.0"
               : "run " SBX_NAME " in the directory of a project (cd), below your home for example";
}

}  // namespace sbx::planning
