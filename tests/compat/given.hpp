// SPDX-License-Identifier: Apache-2.0
// What a row puts on the descriptors of the program that it starts, and what comes back from there.
#pragma once

#include "row.hpp"
#include "sandbox.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace compat {

class Fixture;

class GivenDescriptors {
public:
    GivenDescriptors(const std::vector<Given>& given, const Fixture& fixture);
    ~GivenDescriptors();
    GivenDescriptors(const GivenDescriptors&) = delete;
    GivenDescriptors& operator=(const GivenDescriptors&) = delete;

    /// To be called before the start, and after it.
    void add_to(integration::Start& start) const;
    void started();
    /// "fd N LINE" for what has come out of the pipes that are collected.
    Lines collected() const;

private:
    struct Open {
        int number;
        integration::Descriptor ours;    ///< what the program is given; gone after its start
        integration::Descriptor answer;  ///< where its answer is read
    };
    /// The descriptor here of what is on number `text` there; -1 when that is nothing.
    int number_of(const std::string& text) const;

    std::vector<Open> open_;
    std::vector<int> closed_;
    std::vector<pid_t> holders_;
};

}  // namespace compat
