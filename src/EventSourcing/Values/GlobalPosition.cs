using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>An event's place in the whole log. Compare it, print it, store it, pass it back; do not calculate with it.</summary>
/// <remarks>
/// Positions increase in commit order: a reader that has read one has read all events before it. <c>default</c>
/// (<see cref="Start"/>) lies before the first event.
/// </remarks>
[JsonConverter(typeof(GlobalPositionConverter)), TypeConverter(typeof(ValueTypeConverter<GlobalPosition>))]
public readonly record struct GlobalPosition : IComparable<GlobalPosition>, ISpanParsable<GlobalPosition>, ISpanFormattable
{
    private readonly long _number;

    private GlobalPosition(long number) => _number = number;

    /// <summary>Before the first event; equals <c>default</c>.</summary>
    public static GlobalPosition Start => default;

    /// <summary>For logs and tools: the position with this number, the first event's being 1.</summary>
    /// <param name="number">0 (before the first) or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static GlobalPosition FromInt64(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return new(number);
    }

    /// <summary>For logs and tools: the number, 0 for <see cref="Start"/>.</summary>
    public long ToInt64() => _number;

    /// <inheritdoc/>
    public int CompareTo(GlobalPosition other) => _number.CompareTo(other._number);

    /// <summary>The position as decimal digits; <see cref="Parse(string)"/> reads them back.</summary>
    public override string ToString() => _number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s">Decimal digits.</param>
    /// <exception cref="FormatException">The text is no position.</exception>
    public static GlobalPosition Parse(string s) => Parse(s, null);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s">Decimal digits.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <exception cref="FormatException">The text is no position.</exception>
    public static GlobalPosition Parse(string s, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static GlobalPosition Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var position) ? position : throw new FormatException($"'{s}' is not a position in a log.");

    /// <summary>Reads what <see cref="ToString"/> wrote; false when the text is no position.</summary>
    /// <param name="s">Decimal digits.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <param name="result">The position, or <see cref="Start"/>.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out GlobalPosition result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out GlobalPosition)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out GlobalPosition result)
    {
        var parsed = long.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        result = new(number);
        return parsed;
    }

    /// <summary>True when <paramref name="left"/> comes first.</summary>
    public static bool operator <(GlobalPosition left, GlobalPosition right) => left._number < right._number;

    /// <summary>True when <paramref name="left"/> comes first or both are the same.</summary>
    public static bool operator <=(GlobalPosition left, GlobalPosition right) => left._number <= right._number;

    /// <summary>True when <paramref name="left"/> comes last.</summary>
    public static bool operator >(GlobalPosition left, GlobalPosition right) => left._number > right._number;

    /// <summary>True when <paramref name="left"/> comes last or both are the same.</summary>
    public static bool operator >=(GlobalPosition left, GlobalPosition right) => left._number >= right._number;

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        _number.TryFormat(destination, out charsWritten, default, CultureInfo.InvariantCulture);
}
