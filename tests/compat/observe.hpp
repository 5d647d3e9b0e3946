// SPDX-License-Identifier: Apache-2.0
// Runs a row with bubblewrap or with sbx and gives what was seen, as lines that are the same for
// both when they behave the same. It does not judge.
#pragma once

#include "normal.hpp"
#include "place.hpp"
#include "row.hpp"
#include "sandbox.hpp"

namespace compat {

enum class Program { bubblewrap, sbx };

/// The path of bubblewrap; throws when it is not installed or not the version of Debian 12.
std::string bubblewrap_path();

/// A directory of the host with a bit of everything, for one run.
class Fixture {
public:
    Fixture();
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
    ~Fixture();

    const std::string& path() const { return place_.path(); }
    /// `word` with "@" and PAYLOAD replaced.
    std::string fill(std::string word) const;
    /// Lines for what is not as it was at first: "host NAME TYPE MODE SIZE".
    Lines changes() const;

private:
    Lines listing() const;

    integration::TemporaryDirectory place_;
    Lines before_;
};

/// The program under the name `bwrap`, with an environment of nothing but HOME, PATH and
/// `environment`, in `directory`. Root lacks one capability, as it does in most containers, so that
/// what depends on it is the same everywhere.
integration::Start start(Program program, Lines words, const std::string& directory,
                         Lines environment);

/// "status N" or "signal N", "out ..." and "err ..." lines.
Lines seen(const integration::Ended& ended);

/// The row carried out.
Lines observe(Program program, const Row& row);

}  // namespace compat
