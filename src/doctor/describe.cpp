// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"
#include "base/program_name.hpp"

#include <sbx/doctor.hpp>

#include <algorithm>
#include <string_view>

namespace sbx {
namespace {

constexpr std::size_t width = 96;
constexpr const char* arrow = "-> ";
constexpr std::size_t gap = 2;  // between columns, and before the first

std::string_view state_word(Finding::State state) {
    switch (state) {
        case Finding::State::good: return "good";
        case Finding::State::limited: return "limited";
        case Finding::State::missing: return "missing";
    }
    return "missing";
}

bool stops(const Finding& finding) {
    return finding.required && finding.state == Finding::State::missing;
}

// `text` from `column` on, where the line is by now; further lines are indented by as much.
std::string wrapped(std::string_view text, std::size_t column) {
    std::string out;
    std::size_t used = column;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (used > column && used + 1 + end > width) {
            out += "\n" + std::string(column, ' ');
            used = column;
        }
        if (used > column) {
            out += ' ';
            ++used;
        }
        out += text.substr(0, end);
        used += end;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out + "\n";
}

std::string padded(std::string_view text, std::size_t to) {
    return std::string(text) + std::string(to - std::min(to, text.size()), ' ');
}

std::string verdict(const std::vector<Finding>& findings) {
    const auto first = std::find_if(findings.begin(), findings.end(), stops);
    if (first != findings.end()) {
        return wrapped(SBX_NAME " does not work here: " + first->name + ": " + first->fact, 0) +
               arrow + wrapped(first->remedy, std::string_view(arrow).size());
    }
    std::string others;
    for (const Finding& finding : findings) {
        if (finding.state == Finding::State::good) continue;
        others += (others.empty() ? "" : ", ") + finding.name;
    }
    return wrapped(
        SBX_NAME " works here" +
            (others.empty() ? others : "; limited or missing for some options: " + others),
        0);
}

}  // namespace

bool can_run(const std::vector<Finding>& findings) {
    return std::none_of(findings.begin(), findings.end(), stops);
}

std::string describe(const std::vector<Finding>& findings) {
    constexpr std::size_t state_width = std::string_view("missing").size();
    std::size_t name_width = 0;
    for (const Finding& finding : findings) {
        name_width = std::max(name_width, finding.name.size());
    }
    const std::size_t column = gap + state_width + gap + name_width + gap;
    const auto add_group = [&](std::string& out, std::string_view title, bool required) {
        out += "\n" + std::string(title) + "\n";
        for (const Finding& finding : findings) {
            if (finding.required != required) continue;
            out += std::string(gap, ' ') + padded(state_word(finding.state), state_width + gap) +
                   padded(finding.name, name_width + gap) + wrapped(finding.fact, column);
            out += std::string(column, ' ') + wrapped("for " + finding.purpose, column);
            if (finding.remedy.empty()) continue;
            out += std::string(column, ' ') + arrow +
                   wrapped(finding.remedy, column + std::string_view(arrow).size());
        }
    };
    std::string out = verdict(findings);
    add_group(out, "needed by every sandbox:", true);
    add_group(out, "needed by some, or in the way of all:", false);
    return out;
}

std::string describe_json(const std::vector<Finding>& findings) {
    const auto kernel = std::find_if(findings.begin(), findings.end(),
                                     [](const Finding& f) { return f.name == "kernel"; });
    Json out = Json::object();
    out.add("can_run", can_run(findings));
    out.add("kernel", kernel == findings.end() ? Json() : Json(kernel->fact));
    Json all = Json::array();
    for (const Finding& finding : findings) {
        Json one = Json::object();
        one.add("name", finding.name);
        one.add("state", state_word(finding.state));
        one.add("required", finding.required);
        one.add("fact", finding.fact);
        one.add("purpose", finding.purpose);
        one.add("remedy", finding.remedy);
        all.add(std::move(one));
    }
    out.add("findings", std::move(all));
    return out.text();
}

}  // namespace sbx
