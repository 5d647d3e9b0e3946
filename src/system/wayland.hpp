// SPDX-License-Identifier: Apache-2.0
// A client of a Wayland compositor that knows one protocol only, security-context-v1: the
// compositor is asked whether it has it, and is handed a listening socket. Runs in the caller's
// process; the child must not have its connection. Blocks only where it says so.
#pragma once

#include "system/fd.hpp"

#include <sbx/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sbx::sys {

class WaylandClient {
public:
    /// What is handed to the compositor, with the names that it may tell its user.
    struct Context {
        int listener = -1;  ///< is bound, and listens
        int lifetime = -1;  ///< the compositor stops listening when this hangs up
        std::string app_id = {};
        std::string instance_id = {};
    };

    /// Connects to the socket at `path` and asks for the compositor's globals. 0 or errno.
    int connect(const std::string& path);

    /// For poll(2); -1 when not connected.
    int fd() const { return connection_.get(); }

    /// To be called when fd() can be read. True when all that was asked for is answered. Fails when
    /// the compositor sent an error, closed the connection, or does not speak Wayland.
    Result<bool> read();

    /// Whether the compositor, having answered, has the protocol.
    bool has_security_context() const { return manager_.has_value(); }

    /// Hands `wanted` over, after the first answer. The compositor's second one says that it has
    /// taken it. 0 or errno.
    int hand_over(const Context& wanted);

    void close() { connection_.reset(); }

private:
    Result<void> take(std::uint32_t object, std::uint32_t event, std::string_view body);

    Fd connection_;
    std::string received_;                  // less than a message
    std::optional<std::uint32_t> manager_;  // its name in the registry
    std::uint32_t awaited_ = 0;             // the callback that says that all is answered
    bool answered_ = false;
};

/// What a compositor answers: errno (EPROTO from a program that is no compositor), or whether it
/// has the protocol.
struct CompositorAnswer {
    int error = 0;
    bool security_context = false;
};

/// Asks the compositor that listens on the socket at `path`, and waits ten seconds at most.
CompositorAnswer ask_compositor(const std::string& path);

}  // namespace sbx::sys
