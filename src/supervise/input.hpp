// SPDX-License-Identifier: Apache-2.0
// Owns what a ChildInput points to. Built in the parent; must outlive the clone.
#pragma once

#include <sbx/plan.hpp>

#include "child/input.hpp"

#include <string>
#include <vector>

namespace sbx::sys {

class InputStorage {
public:
    explicit InputStorage(const Plan& plan);
    InputStorage(const InputStorage&) = delete;
    InputStorage& operator=(const InputStorage&) = delete;

    ChildInput& input() { return input_; }

private:
    std::vector<char*> executables_;
    std::vector<char*> argv_;
    std::vector<char*> envp_;
    std::vector<std::string> pwd_texts_;
    std::vector<char*> pwd_entries_;
    std::string listen_pid_;
    std::vector<OwnMount> own_mounts_;
    std::vector<int> init_fds_;
    ChildInput input_;
};

}  // namespace sbx::sys
