using System.Buffers;
using System.Text;

namespace EventSourcing.Storage;

/// <summary>The one rule for every name that a log stores: streams, event types, tags, commands, sources, record keys.</summary>
internal static class Name
{
    internal const int MaxBytes = 512;

    // Unlike the search by range, it allocates nothing even in code that is not optimized.
    private static readonly SearchValues<char> s_printableAscii = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c)]);

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static void ThrowIfInvalid(string value, string what, string? parameter)
    {
        if (Violation(value, what) is { } violation) throw new ArgumentException(violation, parameter);
    }

    /// <summary>Refuses a text that no stream has as its category.</summary>
    internal static void ThrowIfNoCategory(string category, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(category, parameter);
        ThrowIfInvalid(category, "category", parameter);
        if (category.IndexOf('-', StringComparison.Ordinal) > 0)
            throw new ArgumentException($"A category ends before the first dash: '{category}' is no category. Streams whose names begin with it are in the category '{category[..category.IndexOf('-', StringComparison.Ordinal)]}'.", parameter);
    }

    internal static string? Violation(string value, string what)
    {
        if (value.Length == 0) return $"A {what} must not be empty.";
        if (value.Length <= MaxBytes && !value.AsSpan().ContainsAnyExcept(s_printableAscii)) return null;
        if (value.Length > MaxBytes) return TooLong(value, what);
        for (var i = 0; i < value.Length; i++)
            if (char.IsControl(value[i]))
                return $"A {what} must not contain control characters: U+{(int)value[i]:X4} at index {i} of '{Printable(value)}'.";
        try
        {
            return s_strict.GetByteCount(value) <= MaxBytes ? null : TooLong(value, what);
        }
        catch (EncoderFallbackException e)
        {
            return $"A {what} must not contain lone surrogates: U+{(int)e.CharUnknown:X4} at index {e.Index}.";
        }
    }

    /// <summary>Where text stops being valid UTF-16; -1 where it is valid.</summary>
    internal static int IndexOfLoneSurrogate(string text)
    {
        for (var i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return i;
            i++;
        }

        return -1;
    }

    private static string TooLong(string value, string what) =>
        $"A {what} takes at most {MaxBytes} bytes of UTF-8: '{Printable(value)}' takes {Encoding.UTF8.GetByteCount(value)}.";

    private static string Printable(string value)
    {
        var text = new StringBuilder(Math.Min(value.Length, 80));
        foreach (var c in value.AsSpan(0, Math.Min(value.Length, 80)))
            text.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        return value.Length > 80 ? text.Append('…').ToString() : text.ToString();
    }
}
