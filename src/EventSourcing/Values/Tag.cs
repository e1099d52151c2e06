using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>A label of an event, by which queries and append conditions find it: <c>customer:c-7</c>.</summary>
/// <remarks>
/// A tag is a name and a value. <see cref="ToString"/> joins them by the first colon, so a name has none. Name and value
/// together take at most 512 bytes of UTF-8 with the colon; neither has control characters or lone surrogates; both are
/// compared by ordinal. A value may be empty, a name may not. <c>default</c> is no tag.
/// </remarks>
[JsonConverter(typeof(TagConverter)), TypeConverter(typeof(ValueTypeConverter<Tag>))]
public readonly record struct Tag : IComparable<Tag>, ISpanParsable<Tag>, ISpanFormattable
{
    private readonly string? _text;
    private readonly int _colon;

    /// <summary>A tag of this name and value.</summary>
    /// <param name="name">Not empty, without a colon.</param>
    /// <param name="value">May be empty.</param>
    /// <exception cref="ArgumentException">Name or value breaks a rule of <see cref="Tag"/>.</exception>
    public Tag(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        if (NameViolation(name) is { } violation) throw new ArgumentException(violation, nameof(name));
        var text = string.Concat(name, ":", value);
        EventSourcing.Storage.Name.ThrowIfInvalid(text, "tag", nameof(value));
        (_text, _colon) = (text, name.Length);
    }

    private Tag(string text, int colon) => (_text, _colon) = (text, colon);

    /// <summary>A tag where name or value is a user's input; false, with the reason, when they are not valid.</summary>
    /// <param name="name">The name.</param>
    /// <param name="value">The value.</param>
    /// <param name="tag">The tag, or <c>default</c>.</param>
    /// <param name="reason">What is wrong with the name or the value, a sentence for people; null when they are valid.</param>
    public static bool TryCreate([NotNullWhen(true)] string? name, [NotNullWhen(true)] string? value, out Tag tag, [NotNullWhen(false)] out string? reason)
    {
        var text = string.Concat(name, ":", value);
        reason = NameViolation(name) ?? (value is null ? "The value of a tag must not be null; it may be empty." : EventSourcing.Storage.Name.Violation(text, "tag"));
        tag = reason is null ? new(text, name!.Length) : default;
        return reason is null;
    }

    /// <summary>The part before the first colon.</summary>
    public string Name => Text[.._colon];

    /// <summary>The part after the first colon.</summary>
    public string Value => Text[(_colon + 1)..];

    private static string? NameViolation(string? name) =>
        string.IsNullOrEmpty(name) ? "A tag's name must not be empty."
        : name.Contains(':', StringComparison.Ordinal) ? $"A tag's name must not contain a colon: '{name}'."
        : null;

    private string Text => _text ?? throw new InvalidOperationException("default(Tag) is not a tag.");

    /// <summary>Reads what <see cref="ToString"/> wrote: name, colon, value.</summary>
    /// <param name="text">For example <c>customer:c-7</c>.</param>
    /// <exception cref="FormatException">The text has no name before a colon, or breaks a rule of <see cref="Tag"/>.</exception>
    public static Tag Parse(string text) => Parse(text, null);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s">For example <c>customer:c-7</c>.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <exception cref="FormatException">The text is no tag.</exception>
    public static Tag Parse(string s, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static Tag Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var result) ? result : throw new FormatException($"'{s}' is not a tag: a name, a colon, a value.");

    /// <summary>Reads what <see cref="ToString"/> wrote; false when the text is no tag.</summary>
    /// <param name="s">For example <c>customer:c-7</c>.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <param name="result">The value, or <c>default</c>.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out Tag result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out Tag)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out Tag result)
    {
        var (text, colon) = (s.ToString(), s.IndexOf(':'));
        result = colon > 0 && EventSourcing.Storage.Name.Violation(text, "tag") is null ? new(text, colon) : default;
        return result != default;
    }

    /// <inheritdoc/>
    public int CompareTo(Tag other) => string.CompareOrdinal(_text, other._text);

    /// <summary>Name, colon, value; empty for <c>default</c>.</summary>
    public override string ToString() => _text ?? "";

    /// <summary>Ordinal order.</summary>
    public static bool operator <(Tag left, Tag right) => left.CompareTo(right) < 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator <=(Tag left, Tag right) => left.CompareTo(right) <= 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator >(Tag left, Tag right) => left.CompareTo(right) > 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator >=(Tag left, Tag right) => left.CompareTo(right) >= 0;

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        var text = ToString();
        charsWritten = text.TryCopyTo(destination) ? text.Length : 0;
        return charsWritten == text.Length;
    }
}
