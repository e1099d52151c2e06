using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>A place in one history of a log, for use outside the log: in a client, another file, another database.</summary>
/// <remarks>
/// A log restored from a backup gives the same positions to other events. A token therefore names the event at its position as well: the event's id, and the
/// random mark that the log drew for it. A log asked to resume with a token compares that event and throws <see cref="LogDivergedException"/> when the event is a different one.
/// Opaque: print it, store it, pass it back. <c>default</c> (<see cref="Start"/>) lies before the first event and fits every log.
/// </remarks>
[JsonConverter(typeof(ResumeTokenConverter)), TypeConverter(typeof(ValueTypeConverter<ResumeToken>))]
public readonly record struct ResumeToken : IComparable<ResumeToken>, ISpanParsable<ResumeToken>, ISpanFormattable
{
    private const char Format = '1';
    private const char Separator = '.';

    private ResumeToken(GlobalPosition position, Guid eventId, uint mark) => (Position, EventId, Mark) = (position, eventId, mark);

    /// <summary>Before the first event; equals <c>default</c>.</summary>
    public static ResumeToken Start => default;

    /// <summary>The position.</summary>
    public GlobalPosition Position { get; }

    /// <summary>For logs: the id of the event at the position; empty in a token that is not verified.</summary>
    public Guid EventId { get; }

    /// <summary>For logs: the mark of that event; 0 for an event stored before logs drew marks.</summary>
    public uint Mark { get; }

    /// <summary>True when the token names the event at its position, so that a log can compare it.</summary>
    public bool IsVerifiable => EventId != Guid.Empty;

    /// <summary>For logs: the token of a stored event.</summary>
    /// <param name="position">The event's position, 1 or more.</param>
    /// <param name="eventId">The event's id.</param>
    /// <param name="mark">The event's mark; 0 where it has none.</param>
    /// <exception cref="ArgumentException">The position is <see cref="GlobalPosition.Start"/>, or the id is empty.</exception>
    public static ResumeToken Of(GlobalPosition position, Guid eventId, uint mark)
    {
        if (position == GlobalPosition.Start) throw new ArgumentException("No event is at the start of a log. Use ResumeToken.Start.", nameof(position));
        if (eventId == Guid.Empty) throw new ArgumentException("The event id must not be empty.", nameof(eventId));
        return new(position, eventId, mark);
    }

    /// <summary>For tools: a token that is not compared. A log that was restored to an older state gives its position to other events without an error.</summary>
    /// <param name="position">The position.</param>
    public static ResumeToken Unverified(GlobalPosition position) => new(position, Guid.Empty, 0);

    /// <summary>Compares by position.</summary>
    /// <param name="other">The other token.</param>
    public int CompareTo(ResumeToken other) => Position.CompareTo(other.Position);

    /// <summary>The later of two tokens. Comparing it also covers all places before it.</summary>
    internal static ResumeToken Later(in ResumeToken one, in ResumeToken other) => other > one ? other : one;

    /// <summary>The token as ASCII letters, digits and dots, for people and for storage; <see cref="Parse(string)"/> reads it back. The first character is the number of the format.</summary>
    public override string ToString() => IsVerifiable
        ? string.Create(CultureInfo.InvariantCulture, $"{Format}{Separator}{Position}{Separator}{EventId:N}{Separator}{Mark:x8}")
        : string.Create(CultureInfo.InvariantCulture, $"{Format}{Separator}{Position}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s">The text.</param>
    /// <exception cref="FormatException">The text is no token.</exception>
    public static ResumeToken Parse(string s) => Parse(s, null);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <exception cref="FormatException">The text is no token.</exception>
    public static ResumeToken Parse(string s, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static ResumeToken Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var token) ? token : throw new FormatException($"'{s}' is not a resume token.");

    /// <summary>Reads what <see cref="ToString"/> wrote; false when the text is no token.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <param name="result">The token, or <see cref="Start"/>.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ResumeToken result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out ResumeToken)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out ResumeToken result)
    {
        result = default;
        Span<Range> parts = stackalloc Range[5];
        var count = s.Split(parts, Separator);
        if (count is not (2 or 4) || s[parts[0]] is not [Format] || !GlobalPosition.TryParse(s[parts[1]], provider, out var position)) return false;
        if (count == 2)
        {
            result = Unverified(position);
            return true;
        }

        // The lengths are checked first, because parsing would allow surrounding blanks.
        if (position == GlobalPosition.Start || s[parts[2]].Length != 32 || s[parts[3]].Length != 8) return false;
        if (!Guid.TryParseExact(s[parts[2]], "N", out var id) || id == Guid.Empty || !uint.TryParse(s[parts[3]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mark)) return false;
        result = new(position, id, mark);
        return true;
    }

    /// <summary>True when the position of <paramref name="left"/> comes first.</summary>
    public static bool operator <(ResumeToken left, ResumeToken right) => left.CompareTo(right) < 0;

    /// <summary>True when the position of <paramref name="left"/> comes first or both are the same.</summary>
    public static bool operator <=(ResumeToken left, ResumeToken right) => left.CompareTo(right) <= 0;

    /// <summary>True when the position of <paramref name="left"/> comes last.</summary>
    public static bool operator >(ResumeToken left, ResumeToken right) => left.CompareTo(right) > 0;

    /// <summary>True when the position of <paramref name="left"/> comes last or both are the same.</summary>
    public static bool operator >=(ResumeToken left, ResumeToken right) => left.CompareTo(right) >= 0;

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        var text = ToString();
        charsWritten = text.TryCopyTo(destination) ? text.Length : 0;
        return charsWritten == text.Length;
    }
}
