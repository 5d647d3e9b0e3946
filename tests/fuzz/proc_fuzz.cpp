// SPDX-License-Identifier: Apache-2.0
// Texts of the machine: id maps, lines of procfs, the kernel's version, the file of users.
#include "fuzz.hpp"

#include "policy/names.hpp"
#include "probe/warnings.hpp"
#include "system/id_map.hpp"
#include "system/proc_text.hpp"

#include <algorithm>
#include <vector>

using namespace sbx::test;

namespace {

void check_id_map(const std::string& own) {
    // Copies of their own size, so that a byte too far is seen.
    std::vector<char> out(own.size() * 2 + 1);
    std::size_t length = 0;
    if (!sbx::sys::same_ids(own, out, length)) return;
    require(length <= out.size(), "the map fits");
    const std::string same(out.data(), length);
    require(std::count(same.begin(), same.end(), '\n') == std::count(own.begin(), own.end(), '\n'),
            "a line for each line", same);
    std::vector<char> again(length);
    std::size_t size = 0;
    require(sbx::sys::same_ids(same, again, size), "what was written is a map", same);
    require(std::string(again.data(), size) == same, "the map of a map is the same", same);
    if (length == 0) return;
    again.pop_back();
    require(!sbx::sys::same_ids(same, again, size), "a byte too little is too little", same);
}

void check_status(const std::string& text) {
    const std::string_view value = sbx::sys::proc_value(text, "Pid");
    require(value.find_first_of(" \t\n") == std::string_view::npos, "a value is one word", value);
    require(value.empty() || text.find("Pid:") != std::string::npos, "a value has a key", value);
    const auto pid = sbx::sys::pid_in_fdinfo(text);
    if (!pid) return;
    const std::string line = "pos:\t0\nPid:\t" + std::to_string(*pid) + "\nNSpid:\t7\n";
    require(sbx::sys::pid_in_fdinfo(line) == pid, "a pid is read as it is written", line);
}

void check_version(const std::string& text) {
    using sbx::VersionRest;
    const auto whole = sbx::kernel_version(text, VersionRest::refuse);
    const auto begin = sbx::kernel_version(text, VersionRest::allow);
    if (whole) require(begin == whole, "a version is one with nothing behind it, too", text);
    if (!begin) return;
    const std::string written = std::to_string(begin->major) + "." + std::to_string(begin->minor);
    require(sbx::kernel_version(written, VersionRest::refuse) == begin,
            "a version is read as it is written", written);
}

void check_users(const std::string& text) {
    for (const std::string& home : sbx::sys::homes_in(text, 7)) {
        require(home.front() == '/', "a home is an absolute path", home);
        require(home.find_first_of(":\n") == std::string::npos, "a home is one field", home);
        const auto again = sbx::sys::homes_in("a:b:7:c:d:" + home, 7);
        require(again.size() == 1 && again[0] == home, "a home is read as it is written", home);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text = text_of(data, size);
    check_id_map(text);
    check_status(text);
    check_version(text);
    check_users(text);
    return 0;
}
