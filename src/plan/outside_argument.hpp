// SPDX-License-Identifier: Apache-2.0
// Warning::outside_argument: an argument of the command names a file of the host that is not
// inside. probe looks whether the file is there.
#pragma once

#include "view/sight.hpp"

#include <sbx/host.hpp>
#include <sbx/spec.hpp>

#include <string>
#include <vector>

namespace sbx::planning {

/// The first arguments, 64 at most, that would name a file, if the host has it, and for which
/// nothing is inside. An argument that may mean something inside is left out, and one that stands
/// twice.
std::vector<HostArgument> arguments_not_inside(const Spec& spec, const Host& host);

/// What to say of Host::outside_arguments.
struct OutsideArguments {
    std::string text;
    bool when_it_fails = false;      ///< these may mean something else
    bool working_directory = false;  ///< names the working directory, and what brings it in
};

std::vector<OutsideArguments> outside_arguments(const Spec& spec, const Host& host);

}  // namespace sbx::planning
