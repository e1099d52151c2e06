using System.Globalization;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>A value by which documents of a view are found and ordered. Values of other types convert to it.</summary>
/// <remarks>
/// Sorted as SQLite sorts: null, then numbers by value, then text by the order of its UTF-8 (<see href="https://www.sqlite.org/datatype3.html#sort_order"/>). A <see cref="decimal"/> is kept as the nearest double: two
/// amounts that differ only beyond about 15 digits are equal here. A time is text in UTC with microseconds, such as <c>2026-11-28T09:30:00.000000Z</c>, a date such as <c>2026-11-28</c>.
/// </remarks>
public readonly struct ViewValue : IEquatable<ViewValue>, IComparable<ViewValue>
{
    private readonly string? _text;
    private readonly long _bits;

    private ViewValue(ViewValueKind kind, string? text, long bits) => (Kind, _text, _bits) = (kind, text, bits);

    /// <summary>The value's form; <see cref="ViewValueKind.Null"/> for <c>default</c>.</summary>
    public ViewValueKind Kind { get; }

    /// <summary>The text; null for other kinds.</summary>
    public string? Text => _text;

    /// <summary>The integer; 0 for other kinds.</summary>
    public long WholeNumber => Kind == ViewValueKind.WholeNumber ? _bits : 0;

    /// <summary>The number; 0 for other kinds than <see cref="ViewValueKind.Number"/>.</summary>
    public double Number => Kind == ViewValueKind.Number ? BitConverter.Int64BitsToDouble(_bits) : 0;

    /// <summary>A value of a number that is no integer.</summary>
    /// <param name="number">The number; not a NaN.</param>
    /// <exception cref="ArgumentException">It is a NaN.</exception>
    public static ViewValue Of(double number) => double.IsNaN(number)
        ? throw new ArgumentException("NaN has no place in an order.", nameof(number))
        : new(ViewValueKind.Number, null, BitConverter.DoubleToInt64Bits(number == 0 ? 0 : number));

    /// <summary>A value of a text.</summary>
    /// <param name="text">The text, without NUL and lone surrogates; null gives the value without a value.</param>
    /// <exception cref="ArgumentException">It has a character that no database keeps.</exception>
    public static ViewValue Of(string? text)
    {
        if (text is null) return default;
        if (text.Contains('\0', StringComparison.Ordinal) || Name.IndexOfLoneSurrogate(text) >= 0)
            throw new ArgumentException("A value of an index must have no NUL and no lone surrogate.", nameof(text));
        return new(ViewValueKind.Text, text, 0);
    }

    /// <summary>A value of an integer.</summary>
    /// <param name="number">The integer.</param>
    public static ViewValue Of(long number) => new(ViewValueKind.WholeNumber, null, number);

    /// <summary>A value of a time: UTC, whole microseconds, rounded down.</summary>
    /// <param name="time">The time.</param>
    public static ViewValue Of(DateTimeOffset time) => Of(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));

    /// <summary>A value of a date.</summary>
    /// <param name="date">The date.</param>
    public static ViewValue Of(DateOnly date) => Of(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <inheritdoc cref="Of(string?)"/>
    public static implicit operator ViewValue(string? text) => Of(text);

    /// <inheritdoc cref="Of(long)"/>
    public static implicit operator ViewValue(long number) => Of(number);

    /// <inheritdoc cref="Of(double)"/>
    public static implicit operator ViewValue(double number) => Of(number);

    /// <summary>The nearest double.</summary>
    /// <param name="number">The number.</param>
    public static implicit operator ViewValue(decimal number) => Of((double)number);

    /// <summary>1 for true, 0 for false.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator ViewValue(bool value) => Of(value ? 1L : 0L);

    /// <inheritdoc cref="Of(DateTimeOffset)"/>
    public static implicit operator ViewValue(DateTimeOffset time) => Of(time);

    /// <inheritdoc cref="Of(DateOnly)"/>
    public static implicit operator ViewValue(DateOnly date) => Of(date);

    /// <summary>Lower-case text with dashes.</summary>
    /// <param name="id">The id.</param>
    public static implicit operator ViewValue(Guid id) => Of(id.ToString());

    /// <inheritdoc cref="Of(long)"/>
    public static implicit operator ViewValue(long? number) => number is { } value ? Of(value) : default;

    /// <summary>The nearest double; no value for null.</summary>
    /// <param name="number">The number.</param>
    public static implicit operator ViewValue(decimal? number) => number is { } value ? Of((double)value) : default;

    /// <inheritdoc cref="Of(DateTimeOffset)"/>
    public static implicit operator ViewValue(DateTimeOffset? time) => time is { } value ? Of(value) : default;

    /// <inheritdoc cref="Of(DateOnly)"/>
    public static implicit operator ViewValue(DateOnly? date) => date is { } value ? Of(value) : default;

    /// <summary>Compares two values in the order of <see cref="ViewValue"/>.</summary>
    /// <param name="other">The other value.</param>
    public int CompareTo(ViewValue other)
    {
        var (rank, otherRank) = (Rank(Kind), Rank(other.Kind));
        if (rank != otherRank) return rank.CompareTo(otherRank);
        return Kind switch
        {
            ViewValueKind.Null => 0,
            ViewValueKind.Text => Utf8Order.Instance.Compare(_text!, other._text!),
            _ => CompareNumbers(other),
        };
    }

    /// <summary>True when both sort as equal: an integer equals a number with a fraction of the same value.</summary>
    /// <param name="other">The other value.</param>
    public bool Equals(ViewValue other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ViewValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Kind switch
    {
        ViewValueKind.Null => 0,
        ViewValueKind.Text => _text!.GetHashCode(StringComparison.Ordinal),
        ViewValueKind.WholeNumber => ((double)_bits).GetHashCode(),
        _ => Number.GetHashCode(),
    };

    /// <summary>The value as text.</summary>
    public override string ToString() => Kind switch
    {
        ViewValueKind.Null => "null",
        ViewValueKind.Text => _text!,
        ViewValueKind.WholeNumber => _bits.ToString(CultureInfo.InvariantCulture),
        _ => Number.ToString("R", CultureInfo.InvariantCulture),
    };

    /// <inheritdoc cref="Equals(ViewValue)"/>
    public static bool operator ==(ViewValue left, ViewValue right) => left.Equals(right);

    /// <summary>True when the values sort as different.</summary>
    public static bool operator !=(ViewValue left, ViewValue right) => !left.Equals(right);

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator <(ViewValue left, ViewValue right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator <=(ViewValue left, ViewValue right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator >(ViewValue left, ViewValue right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator >=(ViewValue left, ViewValue right) => left.CompareTo(right) >= 0;

    private static int Rank(ViewValueKind kind) => kind switch { ViewValueKind.Null => 0, ViewValueKind.Text => 2, _ => 1 };

    private int CompareNumbers(ViewValue other)
    {
        if (Kind == ViewValueKind.WholeNumber && other.Kind == ViewValueKind.WholeNumber) return _bits.CompareTo(other._bits);
        if (Kind == ViewValueKind.Number && other.Kind == ViewValueKind.Number) return Number.CompareTo(other.Number);
        return Kind == ViewValueKind.WholeNumber ? Compare(_bits, other.Number) : -Compare(other._bits, Number);
    }

    // A double has no exact form of every integer, so the integer is compared with the whole part first.
    private static int Compare(long integer, double real)
    {
        if (real >= 9223372036854775808.0) return -1;
        if (real < -9223372036854775808.0) return 1;
        var whole = (long)real;
        return integer != whole ? integer.CompareTo(whole) : 0.0.CompareTo(real - whole);
    }
}
