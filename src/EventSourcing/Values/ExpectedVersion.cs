using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>The condition of an append on a stream's version, checked before anything is written. <c>default</c> is <see cref="Any"/>.</summary>
/// <remarks>
/// Versions count a stream's events: the first has version 1, and 0 means that there is none yet, so <c>Exactly(0)</c> is
/// <see cref="NoStream"/>. (KurrentDB's revision counts from 0.)
/// </remarks>
[JsonConverter(typeof(ExpectedVersionConverter)), TypeConverter(typeof(ValueTypeConverter<ExpectedVersion>))]
public readonly record struct ExpectedVersion : ISpanParsable<ExpectedVersion>, ISpanFormattable
{
    private const long Exists = -1;
    private const string AnyText = "any", NoStreamText = "no stream", ExistsText = "stream exists";

    // 0 Any, -1 StreamExists, n + 1 Exactly(n): default must require nothing.
    private readonly long _code;

    private ExpectedVersion(long code) => _code = code;

    /// <summary>Requires nothing.</summary>
    public static ExpectedVersion Any => default;

    /// <summary>Requires that the stream has no event.</summary>
    public static ExpectedVersion NoStream => new(1);

    /// <summary>Requires that the stream has at least one event.</summary>
    public static ExpectedVersion StreamExists => new(Exists);

    /// <summary>Requires that the stream's last event has this version; 0 requires a stream without events.</summary>
    /// <param name="version">0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The version is negative or <see cref="long.MaxValue"/>.</exception>
    public static ExpectedVersion Exactly(long version)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        ArgumentOutOfRangeException.ThrowIfEqual(version, long.MaxValue);
        return new(version + 1);
    }

    /// <summary>The version required by <see cref="Exactly"/> (0 for <see cref="NoStream"/>), else null.</summary>
    public long? Version => _code > 0 ? _code - 1 : null;

    /// <summary>True when a stream at <paramref name="version"/> meets the condition.</summary>
    /// <param name="version">The version of the stream's last event, 0 where there is none.</param>
    public bool IsMetBy(long version) => _code switch
    {
        0 => true,
        Exists => version > 0,
        _ => version == _code - 1,
    };

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s"><c>any</c>, <c>no stream</c>, <c>stream exists</c>, or the digits of a version.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <exception cref="FormatException">The text is no expected version.</exception>
    public static ExpectedVersion Parse(string s, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static ExpectedVersion Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var result) ? result : throw new FormatException($"'{s}' is not an expected version. Write any, no stream, stream exists, or a version number.");

    /// <summary>Reads what <see cref="ToString"/> wrote; false when the text is no expected version.</summary>
    /// <param name="s"><c>any</c>, <c>no stream</c>, <c>stream exists</c>, or the digits of a version.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <param name="result">The value, or <c>default</c>.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ExpectedVersion result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out ExpectedVersion)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out ExpectedVersion result)
    {
        result = default;
        switch (s)
        {
            case AnyText:
                return true;
            case NoStreamText:
                result = NoStream;
                return true;
            case ExistsText:
                result = StreamExists;
                return true;
            default:
                if (!long.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version == long.MaxValue) return false;
                result = Exactly(version);
                return true;
        }
    }

    /// <summary><c>any</c>, <c>no stream</c>, <c>stream exists</c> or the version's digits.</summary>
    public override string ToString() => _code switch
    {
        0 => AnyText,
        Exists => ExistsText,
        1 => NoStreamText,
        _ => (_code - 1).ToString(CultureInfo.InvariantCulture),
    };

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        var text = ToString();
        charsWritten = text.TryCopyTo(destination) ? text.Length : 0;
        return charsWritten == text.Length;
    }
}
