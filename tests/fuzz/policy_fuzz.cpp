// SPDX-License-Identifier: Apache-2.0
// OCI seccomp JSON, and the edits of --seccomp-edit. The first line holds edits ("allow:CALL",
// "deny:CALL") and capabilities, all the rest is the policy.
#include "fuzz.hpp"

#include "policy/names.hpp"
#include "unit/bpf_interpreter.hpp"

#include <sbx/policy.hpp>

#include <seccomp.h>

#include <exception>
#include <sstream>

using namespace sbx;
using namespace sbx::test;

namespace {

// The answer of `filter` to call `number`, in all of its 32 bits.
std::uint32_t answer(const SeccompFilter& filter, int number, std::uint32_t arch) {
    seccomp_data call{};
    call.nr = number;
    call.arch = arch;
    try {
        return run_filter(filter, call).action;
    } catch (const std::exception& error) {
        require(false, "a filter is one that the kernel takes", error.what());
        return 0;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text = text_of(data, size);
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::istringstream words(text.substr(0, end));
    std::vector<PolicyEdit> edits;
    std::vector<std::string> capabilities;
    for (std::string word; words >> word;) {
        if (word.compare(0, 6, "allow:") == 0) {
            edits.push_back({PolicyEdit::Answer::allow, word.substr(6)});
        } else if (word.compare(0, 5, "deny:") == 0) {
            edits.push_back({PolicyEdit::Answer::deny, word.substr(5)});
        } else {
            capabilities.push_back(word);
        }
    }
    const auto filter = compile_policy(text.substr(end), "a\nname", capabilities, edits);
    if (!filter) {
        const std::string& message = filter.error().message;
        require(message.find("seccomp policy \"a\\nname\": ") == 0, "an error names it", message);
        require(message.size() > 27, "an error says something", message);
        require(!has_control(message), "an error is one line", message);
        return 0;
    }
    require(!filter->program.empty(), "a filter has instructions");
    const std::uint32_t here = seccomp_arch_native();
    for (int number = -1; number < 512; ++number) answer(*filter, number, here);
    require(answer(*filter, 0, here ^ 1U) == SECCOMP_RET_KILL_PROCESS, "other ABIs are killed");
    for (std::size_t i = 0; i < edits.size(); ++i) {
        if (edits[i].call.find(':') != std::string::npos) continue;  // one family of sockets
        const auto number = system_call_by_name(edits[i].call);
        require(number && *number >= 0, "an edit names a call of this machine", edits[i].call);
        bool last = true;
        for (std::size_t j = i + 1; j < edits.size(); ++j) {
            last = last && system_call_by_name(edits[j].call) != number;
        }
        const bool allows = edits[i].answer == PolicyEdit::Answer::allow;
        for (std::size_t j = i + 1; j < edits.size(); ++j) {  // AF_UNSPEC is what is asked for
            last = last && edits[j].call != edits[i].call + ":AF_UNSPEC";
        }
        const std::uint32_t said = answer(*filter, *number, here);
        require(!last || said == (allows ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | 1U),
                "the last edit of a call wins", edits[i].call);
    }
    return 0;
}
