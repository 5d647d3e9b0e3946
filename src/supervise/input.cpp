// SPDX-License-Identifier: Apache-2.0
#include "supervise/input.hpp"

#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace sbx::sys {
namespace {

// exec's arrays have no const in them, and exec does not write to them.
char* unconst(const std::string& text) { return const_cast<char*>(text.c_str()); }

// The parts of the executable that are mapped from its file and never written.
int collect_code(dl_phdr_info* info, std::size_t /*size*/, void* input) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    auto& code = static_cast<ChildInput*>(input)->code;
    Range* next = std::begin(code);
    for (unsigned i = 0; i < info->dlpi_phnum && next != std::end(code); ++i) {
        const auto& segment = info->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
        const std::uintptr_t first = begin / page * page;
        // NOLINTNEXTLINE(performance-no-int-to-ptr)
        *next++ = {reinterpret_cast<void*>(first), begin + segment.p_memsz - first};
    }
    return 1;  // libraries, if there are any, come after it
}

constexpr std::string_view listen_name = "LISTEN_PID=";

// "LISTEN_PID=123" where the descriptors of a socket activation (sd_listen_fds(3)) are meant for
// this process, and so for the command; else empty. LISTEN_PIDFDID names the same process.
std::string listen_entry(const Plan& plan) {
    if (plan.wording != Wording::sbx) return {};
    const auto found =
        std::find_if(plan.environment.begin(), plan.environment.end(),
                     [](const std::string& entry) { return entry.starts_with(listen_name); });
    if (found == plan.environment.end()) return {};
    const bool ours = found->substr(listen_name.size()) == std::to_string(::getpid());
    return ours ? *found : std::string();
}

}  // namespace

InputStorage::InputStorage(const Plan& plan) {
    for (const std::string& file : plan.executables) executables_.push_back(unconst(file));
    executables_.push_back(nullptr);

    argv_.push_back(nullptr);  // room for "/bin/sh" before a script without "#!"
    for (const std::string& word : plan.argv) argv_.push_back(unconst(word));
    argv_.push_back(nullptr);

    const std::string listen = listen_entry(plan);
    for (const std::string& entry : plan.environment) {
        if (!listen.empty() && entry == listen) {
            constexpr std::size_t room = 12;  // for a number of 32 bits
            listen_pid_ = std::string(listen_name) + std::string(room, '\0');
            input_.listen_pid = listen_pid_.data() + listen_name.size();
            envp_.push_back(listen_pid_.data());
        } else if (listen.empty() || !entry.starts_with("LISTEN_PIDFDID=")) {
            envp_.push_back(unconst(entry));
        }
    }
    input_.pwd = envp_.size();
    envp_.push_back(nullptr);
    envp_.push_back(nullptr);
    for (const Step& step : plan.seal) {
        const auto* change = std::get_if<step::ChangeDirectory>(&step);
        if (change == nullptr) continue;
        for (const std::string& path : change->candidates) pwd_texts_.push_back("PWD=" + path);
    }
    for (const std::string& text : pwd_texts_) pwd_entries_.push_back(unconst(text));
    own_mounts_.resize(own_mounts_needed(plan));
    init_fds_.resize(init_fds_needed(plan));

    // A program that is not sbx may have changed its code in memory.
    if (plan.own_descriptors == OwnDescriptors::close) ::dl_iterate_phdr(collect_code, &input_);

    input_.plan = &plan;
    input_.executables = executables_.data();
    input_.argv = argv_.data() + 1;
    input_.envp = envp_.data();
    input_.pwd_entries = pwd_entries_.data();
    input_.own_mounts = own_mounts_.data();
    input_.own_room = own_mounts_.size();
    input_.init_fds = init_fds_.data();
}

}  // namespace sbx::sys
