// SPDX-License-Identifier: Apache-2.0
// Owns what a ChildImage points to. Built in the parent; must outlive the clone.
#pragma once

#include <sbx/plan.hpp>

#include "child/image.hpp"

#include <string>
#include <vector>

namespace sbx::sys {

class ImageStorage {
public:
    explicit ImageStorage(const Plan& plan);
    ImageStorage(const ImageStorage&) = delete;
    ImageStorage& operator=(const ImageStorage&) = delete;

    ChildImage& image() { return image_; }

private:
    std::vector<char*> executables_;
    std::vector<char*> argv_;
    std::vector<char*> envp_;
    std::vector<std::string> pwd_texts_;
    std::vector<char*> pwd_entries_;
    std::string listen_pid_;
    std::vector<OwnMount> own_mounts_;
    std::vector<int> init_fds_;
    ChildImage image_;
};

}  // namespace sbx::sys
