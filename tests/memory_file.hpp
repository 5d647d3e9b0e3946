// SPDX-License-Identifier: Apache-2.0
// A descriptor that gives some bytes and then ends, for the options that read one.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace sbx::test {

class MemoryFile {
public:
    explicit MemoryFile(std::string_view content) : fd_(::memfd_create("test", 0)) {
        if (fd_ < 0 ||
            ::write(fd_, content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
            ::lseek(fd_, 0, SEEK_SET) != 0) {
            throw std::runtime_error("no file in memory");
        }
        inode_ = inode();
    }
    /// The same at a number of the caller's choice.
    MemoryFile(std::string_view content, int number) : MemoryFile(content) {
        if (::dup2(fd_, number) != number) throw std::runtime_error("no such descriptor");
        ::close(fd_);
        fd_ = number;
    }
    /// Its reader may have closed it, and the number may be another file's by now.
    ~MemoryFile() {
        if (inode() == inode_) ::close(fd_);
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    int fd() const { return fd_; }
    std::string text() const { return std::to_string(fd_); }

private:
    ino_t inode() const {
        struct stat status = {};
        return ::fstat(fd_, &status) == 0 ? status.st_ino : 0;
    }

    int fd_;
    ino_t inode_ = 0;
};

}  // namespace sbx::test
