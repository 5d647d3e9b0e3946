// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <iterator>

namespace sbx {

namespace {

constexpr char digits[] = "0123456789abcdef";

struct Range {
    std::uint32_t first;
    std::uint32_t last;
};

// Characters that a terminal acts upon or does not show, in their order: of Unicode 15 those with
// the property Default_Ignorable_Code_Point, controls, separators of lines, and noncharacters.
constexpr Range unseen[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},
    {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool is_unseen(std::uint32_t code) {
    if ((code & 0xfffeU) == 0xfffeU) return true;  // the last two of each plane
    return std::any_of(std::begin(unseen), std::end(unseen), [code](const Range& range) {
        return code >= range.first && code <= range.last;
    });
}

void append_hex(std::string& out, char c) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
}

void append_octal(std::string& out, char c) {
    const auto byte = static_cast<unsigned char>(c);
    out += '\\';
    for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + (byte >> shift & 7U));
}

// Hands `each` the characters of `text` one by one: printable ones as a whole, the others byte by
// byte, with `escape`.
template <typename Plain, typename Escape>
void for_each_character(std::string_view text, const Plain& plain, const Escape& escape) {
    while (!text.empty()) {
        const std::size_t length = printable_length(text);
        if (length == 0) escape(text[0]);
        if (length != 0) plain(text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

bool is_printable(std::string_view text) {
    bool out = true;
    for_each_character(
        text, [](std::string_view) {}, [&out](char) { out = false; });
    return out;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    // Table 3-7 of the Unicode standard.
    const auto byte = [&](std::size_t at) {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const auto continues = [&](std::size_t from, std::size_t until) {
        for (std::size_t i = from; i < until; ++i) {
            if ((byte(i) & 0xc0U) != 0x80U) return false;
        }
        return true;
    };
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1, 2) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool overlong = first == 0xe0 && second < 0xa0;
        const bool surrogate = first == 0xed && second > 0x9f;
        return !overlong && !surrogate && continues(1, 3) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool overlong = first == 0xf0 && second < 0x90;
        const bool too_large = first == 0xf4 && second > 0x8f;
        return !overlong && !too_large && continues(1, 4) ? 4 : 0;
    }
    return 0;
}

std::uint32_t code_point(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    // The first byte has as many ones before a zero as there are bytes.
    std::uint32_t code = character.size() == 1 ? first : first & (0x7fU >> character.size());
    for (const char c : character.substr(1)) {
        code = code << 6U | (static_cast<unsigned char>(c) & 0x3fU);
    }
    return code;
}

std::size_t printable_length(std::string_view text) {
    if (!text.empty() && text[0] >= ' ' && text[0] <= '~') return 1;  // nearly all of them
    const std::size_t length = utf8_length(text);
    return length != 0 && is_unseen(code_point(text.substr(0, length))) ? 0 : length;
}

std::string printable(std::string_view text) {
    std::string out;
    for_each_character(
        text, [&out](std::string_view character) { out += character; },
        [&out](char c) { append_hex(out, c); });
    return out;
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    const auto plain = [&out](std::string_view character) {
        if (character == "\"" || character == "\\") out += '\\';
        out += character;
    };
    for_each_character(text, plain, [&out](char c) {
        if (c == '\n' || c == '\t') {
            out += c == '\n' ? "\\n" : "\\t";
        } else {
            append_hex(out, c);
        }
    });
    return out + "\"";
}

std::string quote_if_needed(std::string_view text) {
    const bool plain = !text.empty() && text.find_first_of(" ;\"\\") == std::string_view::npos &&
                       is_printable(text);
    return plain ? std::string(text) : quote(text);
}

namespace {

// $'...' of the shells, in which a byte can be written as \ooo.
std::string ansi_c_quoted(std::string_view word) {
    std::string out = "$'";
    const auto plain = [&out](std::string_view character) {
        if (character == "'" || character == "\\") out += '\\';
        out += character;
    };
    for_each_character(word, plain, [&out](char c) { append_octal(out, c); });
    return out + "'";
}

// "$(printf '...')". What printf itself or a shell could take for something else is octal, too. The
// shell drops line feeds at the end, so these are written out: they can forge nothing.
std::string printf_quoted(std::string_view word) {
    const std::size_t last = word.find_last_not_of('\n');
    const std::size_t end = last == std::string_view::npos ? 0 : last + 1;
    std::string out = end > 0 ? "\"$(printf '" : "";
    const auto plain = [&out](std::string_view character) {
        if (character == "%") {
            out += "%%";
        } else if (character == "'" || character == "\\" || character == "-") {
            append_octal(out, character[0]);
        } else {
            out += character;
        }
    };
    for_each_character(word.substr(0, end), plain, [&out](char c) { append_octal(out, c); });
    if (end > 0) out += "')\"";
    if (end < word.size()) out += "'" + std::string(word.substr(end)) + "'";
    return out;
}

}  // namespace

std::string shell_words(const std::vector<std::string>& argv) {
    static constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
    std::string out;
    for (const std::string& word : argv) {
        if (!out.empty()) out += ' ';
        if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
            out += word;
            continue;
        }
        if (!is_printable(word)) {
            out += ansi_c_quoted(word);
            continue;
        }
        out += '\'';
        for (const char c : word) {
            if (c == '\'') {
                out += "'\\''";
            } else {
                out += c;
            }
        }
        out += '\'';
    }
    return out;
}

std::string posix_words(const std::vector<std::string>& argv) {
    std::string out;
    for (const std::string& word : argv) {
        if (!out.empty()) out += ' ';
        out += is_printable(word) ? shell_words({word}) : printf_quoted(word);
    }
    return out;
}

std::string error_text(int error) {
    const char* words = strerrordesc_np(error);
    if (words == nullptr) return "error " + std::to_string(error);
    std::string text = words;
    // An abbreviation at the front ("RFS specific error") stays as it is.
    if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

std::string lexically_clean(std::string_view path) {
    std::string out;
    std::size_t at = 0;
    while (at < path.size()) {
        std::size_t end = path.find('/', at);
        if (end == std::string_view::npos) end = path.size();
        const std::string_view part = path.substr(at, end - at);
        if (!part.empty() && part != ".") {
            out += '/';
            out += part;
        }
        at = end + 1;
    }
    return out.empty() ? "/" : out;
}

bool names_directory(std::string_view path) {
    while (path.size() > 1 && path.substr(path.size() - 2) == "/.") path.remove_suffix(1);
    return !path.empty() && path.back() == '/';
}

std::optional<int> descriptor_in_path(std::string_view path) {
    for (const std::string_view directory : {"/dev/fd/", "/proc/self/fd/"}) {
        if (!path.starts_with(directory)) continue;
        const std::string_view number = path.substr(directory.size());
        constexpr std::size_t most = 7;
        const bool is_number = !number.empty() && number.size() <= most &&
                               number.find_first_not_of("0123456789") == std::string_view::npos;
        if (is_number) return std::stoi(std::string(number));
    }
    return std::nullopt;
}

bool is_at_or_below(std::string_view path, std::string_view base) {
    const std::size_t size = base.size();
    if (size == 1 && base.front() == '/') return true;
    // Most are not, and this one character tells it.
    if (path.size() < size || (path.size() > size && path[size] != '/')) return false;
    return size == 0 || std::memcmp(path.data(), base.data(), size) == 0;
}

std::string rebased(const std::string& path, const std::string& from, const std::string& to) {
    if (path == from) return to;
    const std::string rest = from == "/" ? path : path.substr(from.size());
    return to == "/" ? rest : to + rest;
}

std::pair<std::string, std::string> split_sentence(const std::string& sentence) {
    bool quoted = false;
    for (std::size_t i = 0; i + 1 < sentence.size(); ++i) {
        if (sentence[i] == '\\' && quoted) {
            ++i;
        } else if (sentence[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && sentence[i] == ';' && sentence[i + 1] == ' ') {
            return {sentence.substr(0, i), sentence.substr(i + 2)};
        }
    }
    return {sentence, ""};
}

}  // namespace sbx
