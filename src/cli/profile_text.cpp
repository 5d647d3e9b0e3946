// SPDX-License-Identifier: Apache-2.0
#include "cli/profile_text.hpp"
#include "cli/program_name.hpp"

#include <sbx/text.hpp>

#include <algorithm>
#include <charconv>

namespace sbx::cli {
namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::string_view name_letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

std::string_view trimmed(std::string_view text) {
    const std::size_t start = text.find_first_not_of(blanks);
    if (start == std::string_view::npos) return {};
    return text.substr(start, text.find_last_not_of(blanks) - start + 1);
}

// Cuts what follows the equals sign into words.
class WordReader {
public:
    WordReader(std::string_view rest, const Variables& variables)
        : rest_(rest), variables_(variables) {}

    Result<std::vector<std::string>> read() {
        std::vector<std::string> out;
        while (true) {
            rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
            if (rest_.empty() || rest_[0] == '#') return out;
            if (rest_ == "~" || rest_.substr(0, 2) == "~/" || rest_.substr(0, 2) == "~ ") {
                return Error{"\"~\" is not replaced here; write ${HOME}"};
            }
            auto word = read_word();
            if (!word) return word.error();
            out.push_back(std::move(*word));
        }
    }

private:
    char take() {
        const char c = rest_[0];
        rest_.remove_prefix(1);
        return c;
    }

    Result<std::string> read_word() {
        std::string out;
        while (!rest_.empty() && blanks.find(rest_[0]) == std::string_view::npos) {
            const char c = take();
            Result<void> done;
            if (c == '\'') {
                done = read_literal(out);
            } else if (c == '"') {
                done = read_quoted(out);
            } else {
                done = read_one(c, out);
            }
            if (!done) return done.error();
        }
        return out;
    }

    Result<void> read_literal(std::string& out) {
        const std::size_t end = rest_.find('\'');
        if (end == std::string_view::npos) return Error{"a ' has no other one that ends it"};
        out += rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return {};
    }

    Result<void> read_quoted(std::string& out) {
        while (!rest_.empty()) {
            const char c = take();
            if (c == '"') return {};
            if (auto done = read_one(c, out); !done) return done;
        }
        return Error{"a \" has no other one that ends it"};
    }

    // A character, or what a backslash or a dollar sign makes of those after it.
    Result<void> read_one(char c, std::string& out) {
        if (c == '\\') {
            if (rest_.empty()) {
                return Error{
                    "a backslash stands at the end, and lines are not joined; write it "
                    "twice for the character itself"};
            }
            const char meant = take();
            if (meant == 'x') return read_byte(out);
            out += meant == 'n' ? '\n' : meant == 't' ? '\t' : meant;
            return {};
        }
        if (c != '$') {
            out += c;
            return {};
        }
        if (!rest_.empty() && rest_[0] == '$') {
            out += take();
            return {};
        }
        if (rest_.empty() || rest_[0] != '{') {
            return Error{"a variable is written as ${NAME}, and a dollar sign as $$"};
        }
        rest_.remove_prefix(1);
        return read_variable(out);
    }

    // Two hexadecimal digits.
    Result<void> read_byte(std::string& out) {
        unsigned value = 0;
        const char* end = rest_.data() + std::min<std::size_t>(rest_.size(), 2);
        const auto [at, error] = std::from_chars(rest_.data(), end, value, 16);
        if (error != std::errc{} || at != rest_.data() + 2 || value == 0) {
            return Error{"a byte is written as \\x and two hexadecimal digits, and is not 00"};
        }
        rest_.remove_prefix(2);
        out += static_cast<char>(value);
        return {};
    }

    // What follows "${": a name, and what stands for it when it is not defined, after ":-".
    Result<void> read_variable(std::string& out) {
        constexpr unsigned deepest =
            16;  // nobody writes so, and each level takes some of the stack
        if (depth_ == deepest) return Error{"variables stand within each other 16 deep"};
        ++depth_;
        const std::size_t end = std::min(rest_.find_first_not_of(name_letters), rest_.size());
        const std::string name(rest_.substr(0, end));
        rest_.remove_prefix(end);
        std::string otherwise;
        const bool has_otherwise = rest_.substr(0, 2) == ":-";
        if (has_otherwise) rest_.remove_prefix(2);
        while (has_otherwise && !rest_.empty() && rest_[0] != '}') {
            if (auto done = read_one(take(), otherwise); !done) return done;
        }
        if (name.empty() || rest_.empty() || rest_[0] != '}') {
            return Error{"a variable is written as ${NAME}, or as ${NAME:-what else}"};
        }
        rest_.remove_prefix(1);
        const auto value = variables_(name);
        // An empty one is most often a mistake, and turns ${HOME}/x into /x.
        const bool defined = value && !value->empty();
        if (!defined && !has_otherwise && (name == "CWD" || name == "CWD_PARENT")) {
            return Error{"${" + name +
                         "} is not defined, since the working directory has no path; go to "
                         "another one"};
        }
        if (!defined && !has_otherwise && (name == "DISPLAY" || name == "XDG_RUNTIME_DIR")) {
            return Error{name + " is not set: " +
                         (name == "DISPLAY" ? "there is no X server here"
                                            : "there is no session of a desktop here") +
                         "; start " SBX_NAME " in a terminal of the desktop"};
        }
        if (!defined && !has_otherwise) {
            return Error{"${" + name + "} is not defined; set " + name +
                         " in the environment, or write what it stands for"};
        }
        out += defined ? *value : otherwise;
        --depth_;
        return {};
    }

    std::string_view rest_;
    const Variables& variables_;
    unsigned depth_ = 0;
};

Result<ProfileLine> parse_line(std::string_view line, const Variables& variables) {
    const std::size_t ends = std::min(line.find_first_of("=#"), line.size());
    const bool has_words = ends < line.size() && line[ends] == '=';
    const std::string_view key = trimmed(line.substr(0, ends));
    if (key.substr(0, 2) == "--") {
        return Error{"options are written without dashes here, as in: ro-bind = /usr /usr"};
    }
    if (key.ends_with(']') && key.find('[') == std::string_view::npos) {
        return Error{"a section is written as [name]"};
    }
    const std::size_t blank = key.find_first_of(blanks);
    if (blank != std::string_view::npos) {
        return Error{"an equals sign is missing after " + quote(key.substr(0, blank))};
    }
    if (key.empty()) return Error{"no option stands before the equals sign"};
    // Among them a second byte order mark, and the blanks of web pages. A key with one could not be
    // written at the beginning of a profile, where a byte order mark is no part of the text.
    const bool is_ascii = std::all_of(key.begin(), key.end(),
                                      [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!is_ascii) {
        return Error{quote(key) +
                     " has a character that no option has; write the name again by hand"};
    }
    ProfileLine out;
    out.key = key;
    if (!has_words) return out;
    auto words = WordReader(line.substr(ends + 1), variables).read();
    if (!words) return words.error();
    out.words = std::move(*words);
    return out;
}

}  // namespace

Result<std::vector<ProfileLine>> parse_profile(std::string_view text, const std::string& name,
                                               const Variables& variables) {
    std::vector<ProfileLine> out;
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // as some editors begin a text
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    for (unsigned number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::string place = quote_if_needed(name) + ":" + std::to_string(number);
        if (line.find('\0') != std::string_view::npos) {
            return Error{place + ": this is not a text, there is a NUL byte in it"};
        }
        if (line.empty() || line[0] == '#') continue;
        if (line[0] == '[') {
            const std::string_view before = trimmed(line.substr(0, line.find('#')));
            if (before.back() == ']') continue;
            return Error{place + ": a section is written as [name]"};
        }
        auto parsed = parse_line(line, variables);
        if (!parsed) return Error{place + ": " + parsed.error().message};
        parsed->place = place;
        out.push_back(std::move(*parsed));
    }
    return out;
}

std::string profile_word(std::string_view word) {
    const bool plain = !word.empty() && word[0] != '~' &&
                       word.find_first_of(" \\'\"#$") == std::string_view::npos &&
                       printable(word) == word;
    if (plain) return std::string(word);
    std::string out = quote(word);
    for (std::size_t at = 0; (at = out.find('$', at)) != std::string::npos; at += 2) {
        out.insert(at, 1, '$');
    }
    return out;
}

std::string profile_line(std::string_view key, const std::vector<std::string>& words) {
    std::string out(key);
    const char* separator = " = ";
    for (const std::string& word : words) {
        out += separator + profile_word(word);
        separator = " ";
    }
    return out;
}

}  // namespace sbx::cli
