using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>The name of a stream: the ordered events of one subject, such as <c>order-42</c> (category, dash, id).</summary>
/// <remarks>
/// 1 to 512 bytes of UTF-8; any character but control characters (NUL included) and lone surrogates; compared by ordinal,
/// never normalized or case-folded. <c>default</c> names no stream: reading its <see cref="Value"/> throws.
/// </remarks>
[JsonConverter(typeof(StreamIdConverter)), TypeConverter(typeof(ValueTypeConverter<StreamId>))]
public readonly record struct StreamId : IComparable<StreamId>, ISpanParsable<StreamId>, ISpanFormattable
{
    private readonly string? _value;

    /// <summary>Names a stream.</summary>
    /// <param name="value">The name, 1 to 512 bytes of UTF-8.</param>
    /// <exception cref="ArgumentException">The name is empty, too long, or has a control character or a lone surrogate.</exception>
    public StreamId(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Name.ThrowIfInvalid(value, "stream name", nameof(value));
        _value = value;
    }

    /// <summary>The name.</summary>
    /// <exception cref="InvalidOperationException">This is <c>default</c>, which names no stream.</exception>
    public string Value => _value ?? throw new InvalidOperationException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.");

    /// <summary>True for <c>default</c>, which names no stream.</summary>
    public bool IsDefault => _value is null;

    /// <summary>The part before the first dash; the whole name where there is none, or where the dash is its first character.</summary>
    public string Category => Value.IndexOf('-', StringComparison.Ordinal) is var dash and > 0 ? Value[..dash] : Value;

    /// <summary>The part after the first dash; the whole name where there is none, or where the dash is its first character.</summary>
    public string Id => Value.IndexOf('-', StringComparison.Ordinal) is var dash and > 0 ? Value[(dash + 1)..] : Value;

    /// <summary>Names a stream where the name is a user's input; false, with the reason, when it is not valid.</summary>
    /// <param name="value">The name.</param>
    /// <param name="streamId">The stream, or <c>default</c>.</param>
    /// <param name="reason">What is wrong with the name, a sentence for people; null when it is valid.</param>
    public static bool TryCreate([NotNullWhen(true)] string? value, out StreamId streamId, [NotNullWhen(false)] out string? reason)
    {
        reason = Name.Violation(value ?? "", "stream name");
        streamId = reason is null ? new(value!) : default;
        return reason is null;
    }

    /// <summary>True when <see cref="Category"/> equals <paramref name="category"/> by ordinal; allocates nothing.</summary>
    /// <param name="category">The category asked for.</param>
    public bool IsInCategory(string category)
    {
        ArgumentNullException.ThrowIfNull(category);
        var dash = Value.IndexOf('-', StringComparison.Ordinal);
        return (dash > 0 ? Value.AsSpan(0, dash) : Value).SequenceEqual(category);
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s">The name.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <exception cref="FormatException">The text is not a stream name.</exception>
    public static StreamId Parse(string s, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static StreamId Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var result) ? result : throw new FormatException($"'{s}' is not a stream name.");

    /// <summary>Reads what <see cref="ToString"/> wrote; false when the text is not a stream name.</summary>
    /// <param name="s">The name.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <param name="result">The value, or <c>default</c>.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out StreamId result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out StreamId)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out StreamId result)
    {
        var name = s.ToString();
        result = Name.Violation(name, "stream name") is null ? new(name) : default;
        return !result.IsDefault;
    }

    /// <inheritdoc/>
    public int CompareTo(StreamId other) => string.CompareOrdinal(_value, other._value);

    /// <inheritdoc/>
    public override string ToString() => _value ?? "";

    /// <summary>Converts a name to a stream.</summary>
    /// <param name="value">The name.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    public static implicit operator StreamId(string value) => new(value);

    /// <summary>The same as the implicit conversion, for languages without it.</summary>
    /// <param name="value">The name.</param>
    public static StreamId FromString(string value) => new(value);

    /// <summary>Ordinal order.</summary>
    public static bool operator <(StreamId left, StreamId right) => left.CompareTo(right) < 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator <=(StreamId left, StreamId right) => left.CompareTo(right) <= 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator >(StreamId left, StreamId right) => left.CompareTo(right) > 0;

    /// <summary>Ordinal order.</summary>
    public static bool operator >=(StreamId left, StreamId right) => left.CompareTo(right) >= 0;

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        var text = ToString();
        charsWritten = text.TryCopyTo(destination) ? text.Length : 0;
        return charsWritten == text.Length;
    }
}
