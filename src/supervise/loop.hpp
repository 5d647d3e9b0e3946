// SPDX-License-Identifier: Apache-2.0
// One wait for everything: descriptors, each with what is to be done when it is ready. There is no
// other loop over poll(2) in the supervisor. It must not know what a descriptor is for.
#pragma once

#include <poll.h>

#include <cerrno>
#include <cstddef>
#include <ctime>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace sbx::sys {

/// Waits until a handler gives a T. Sources are looked at in the order in which they were added.
template <typename T>
class Loop {
public:
    using Handler = std::function<std::optional<T>()>;

    /// Calls `handle` when the descriptor that `descriptor` gives is ready for `events` (POLLIN,
    /// POLLOUT), or has come to its end. A negative one is passed over. With Turn::alone the others
    /// wait for the next turn, in which they are looked at anew.
    enum class Turn { with_others, alone };
    void add(std::function<int()> descriptor, Handler handle, Turn turn = Turn::with_others,
             short events = POLLIN) {
        sources_.push_back({std::move(descriptor), std::move(handle), turn, events});
    }

    /// Calls `begin` when something is ready, before the handlers.
    void add_beginning(std::function<void()> begin) { begin_ = std::move(begin); }

    /// Calls `handle` once, when `time` has gone by without any event; but not while `waits` says
    /// so.
    void add_timer(timespec time, std::function<bool()> waits, std::function<void()> handle) {
        timer_ = {time, std::move(waits), std::move(handle)};
    }

    /// Nothing, with errno, when poll(2) fails.
    std::optional<T> run() {
        while (true) {
            std::vector<pollfd> polled;
            polled.reserve(sources_.size());
            for (const Source& source : sources_) {
                polled.push_back({source.descriptor(), source.events, 0});
            }
            const bool timed = timer_ && !timer_->waits();
            const int events =
                ::ppoll(polled.data(), polled.size(), timed ? &timer_->time : nullptr, nullptr);
            if (events < 0) {
                if (errno == EINTR || errno == EAGAIN) continue;
                return std::nullopt;
            }
            if (events == 0) {
                timer_->handle();
                timer_.reset();
                continue;
            }
            if (begin_) begin_();
            for (std::size_t i = 0; i < sources_.size(); ++i) {
                if (polled[i].revents == 0) continue;
                if (auto result = sources_[i].handle()) return result;
                if (sources_[i].turn == Turn::alone) break;
            }
        }
    }

private:
    struct Source {
        std::function<int()> descriptor;
        Handler handle;
        Turn turn = Turn::with_others;
        short events = 0;
    };
    struct Timer {
        timespec time{};
        std::function<bool()> waits;
        std::function<void()> handle;
    };

    std::vector<Source> sources_;
    std::function<void()> begin_;
    std::optional<Timer> timer_;
};

}  // namespace sbx::sys
