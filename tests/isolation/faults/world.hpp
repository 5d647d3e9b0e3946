// SPDX-License-Identifier: Apache-2.0
// What a line is run in: a directory of the host with what it shows, its descriptors, and the state
// of its caller. And what is seen of a run.
#pragma once

#include "lines.hpp"
#include "tracer.hpp"

#include "place.hpp"
#include "sandbox.hpp"

#include <memory>
#include <string>
#include <vector>

namespace faults {

struct Run {
    Observed observed;
    std::string report;  ///< what the command said, with what differs from run to run made the same
    std::string said;    ///< standard error
    std::string left;    ///< what was changed on the host, if anything
};

class World {
public:
    World();

    /// The words of `line`, its command included.
    std::vector<std::string> words(const Line& line);

    /// Runs `program` with `argv` as the caller that `line` describes.
    Run run(const Line& line, const std::string& program, std::vector<std::string> argv,
            Watch watch, const Fault& fault);
    /// Runs sbx as the line says.
    Run run(const Line& line, Watch watch, const Fault& fault);

private:
    std::string at_place(std::string text) const;
    std::string made_comparable(std::string report) const;
    std::string host_state() const;

    void start_compositor();

    integration::TemporaryDirectory place_;
    integration::TemporaryDirectory desktop_;                   ///< with the socket of a compositor
    integration::Descriptor compositor_lives_;                  ///< it ends when this is closed
    std::unique_ptr<integration::TemporaryDirectory> changes_;  ///< of an overlay; new for each run
    std::string before_;
};

}  // namespace faults
