// SPDX-License-Identifier: Apache-2.0
#include "normal.hpp"

#include "sandbox.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <set>
#include <sstream>
#include <string>

namespace compat {
namespace {

std::string own_namespace(const std::string& kind) {
    std::array<char, PATH_MAX> target{};
    const ssize_t got = ::readlink(("/proc/self/ns/" + kind).c_str(), target.data(), target.size());
    return got < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(got));
}

// "ns KIND LINK": only whether it is the caller's is the same in each run.
std::string namespace_line(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    std::string kind;
    std::string link;
    words >> word >> kind >> link;
    if (link.empty()) return line;
    return "ns " + kind + (link == own_namespace(kind) ? " the caller's" : " new");
}

bool is_number(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// "ppid N" and the like, after "pid N": what is one's own, init's or nobody's is kept.
std::string process_line(const std::string& line, std::string& pid) {
    static const std::set<std::string> kinds = {"pid", "ppid", "pgid", "sid"};
    const auto blank = line.find(' ');
    if (blank == std::string::npos) return line;
    const std::string kind = line.substr(0, blank);
    const std::string number = line.substr(blank + 1);
    if (kinds.count(kind) == 0 || !is_number(number)) return line;
    if (kind == "pid") pid = number;
    if (number.size() == 1) return line;
    return kind + (kind != "pid" && number == pid ? " its own" : " N");
}

// The digits after each `key` become "N".
void blank_numbers(std::string& text, const std::string& key) {
    for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
        const std::size_t begin = at + key.size();
        const std::size_t end = std::min(text.find_first_not_of("0123456789", begin), text.size());
        if (end > begin) text.replace(begin, end - begin, "N");
    }
}

// A path up to and including a name of mkdtemp(3), which begins with `key`, becomes `name`.
void blank_path(std::string& text, const std::string& key, const std::string& name) {
    constexpr std::size_t suffix = 6;
    for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
        const auto before = text.find_last_of(" \"'", at);
        const std::size_t begin = before == std::string::npos ? 0 : before + 1;
        text.replace(begin, std::min(at + key.size() + suffix, text.size()) - begin, name);
        at = begin;
    }
}

std::string without_chance(std::string line) {
    blank_path(line, "sbx-test.", "@");
    blank_path(line, "/bindfile", "/bindfile");
    blank_numbers(line, "pid\": ");
    blank_numbers(line, "namespace\": ");
    blank_numbers(line, ":[");
    const std::string payload = integration::payload_path();
    for (auto at = line.find(payload); at != std::string::npos; at = line.find(payload)) {
        line.replace(at, payload.size(), "PAYLOAD");
    }
    return line;
}

}  // namespace

Lines normal_lines(const std::string& prefix, const std::string& text) {
    Lines out;
    std::string pid;
    for (const std::string& line : integration::lines_of(text)) {
        std::string normal = line;
        if (line.rfind("ns ", 0) == 0) normal = namespace_line(line);
        normal = without_chance(process_line(normal, pid));
        out.push_back(prefix + normal);
        if (line.rfind("usage: ", 0) == 0) break;
    }
    return out;
}

Lines in_newer_words(Lines lines) {
    struct Words {
        std::string_view begin;
        std::string_view end;
        std::string_view now;
    };
    constexpr Words changed[] = {
        {"Can't mkdir ", ": Not a directory", "Destination is not a directory "},
        {"Can't create file at ", ": Is a directory", "Destination is not a file "}};
    constexpr std::string_view parents = "Can't mkdir parents for ";  // as it was
    for (std::string& line : lines) {
        const auto colon = line.find(": ");
        if (line.rfind("err ", 0) != 0 || colon == std::string::npos) continue;
        const std::string text = line.substr(colon + 2);
        for (const Words& each : changed) {
            if (!text.starts_with(each.begin) || !text.ends_with(each.end)) continue;
            if (text.starts_with(parents)) continue;
            const std::size_t size = text.size() - each.begin.size() - each.end.size();
            line = line.substr(0, colon + 2) + std::string(each.now) +
                   text.substr(each.begin.size(), size);
        }
    }
    return lines;
}

}  // namespace compat
