using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>A place in the changes of one view. Opaque: print it, store it, send it to a client, pass it back to <see cref="IView{TRow}.ChangesAsync"/>.</summary>
/// <remarks>It belongs to one build of the view, and fits no other one. <c>default</c> stands for the time of the call.</remarks>
[JsonConverter(typeof(ViewChangeTokenConverter)), TypeConverter(typeof(ValueTypeConverter<ViewChangeToken>))]
public readonly record struct ViewChangeToken : ISpanParsable<ViewChangeToken>, ISpanFormattable
{
    private const char Format = '1';
    private const char Separator = '.';

    private readonly string? _projection;

    internal ViewChangeToken(string projection, int version, long build, GlobalPosition position, long ordinal, ulong check) =>
        (_projection, Version, Build, Position, Ordinal, Check) = (projection, version, build, position, ordinal, check);

    internal string Projection => _projection ?? "";

    /// <summary>The version of the set.</summary>
    internal int Version { get; }

    internal long Build { get; }

    /// <summary>Of a change, the position of its event; of a snapshot, its checkpoint.</summary>
    internal GlobalPosition Position { get; }

    /// <summary>The number of the last change before the place; 0 before the first one.</summary>
    internal long Ordinal { get; }

    /// <summary>A digest of everything else and of what the place stores at the ordinal.</summary>
    internal ulong Check { get; }

    /// <summary>The token as lower-case ASCII letters, digits, dots and dashes, at most 200 characters: valid in a header of HTTP. <see cref="Parse(string)"/> reads it back. Empty for <c>default</c>.</summary>
    public override string ToString() => _projection is null
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{Format}{Separator}{_projection}{Separator}{Version}{Separator}{Build}{Separator}{Position}{Separator}{Ordinal}{Separator}{Check:x16}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s">The text.</param>
    /// <exception cref="FormatException">The text is no token.</exception>
    public static ViewChangeToken Parse(string s) => Parse(s, null);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <exception cref="FormatException">The text is no token.</exception>
    public static ViewChangeToken Parse(string s, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static ViewChangeToken Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out var token) ? token : throw new FormatException($"'{s}' is not a token of a view's changes.");

    /// <summary>Reads what <see cref="ToString"/> wrote; false when the text is no token. A token that was changed may be read; <see cref="IView{TRow}.ChangesAsync"/> refuses it.</summary>
    /// <param name="s">The text.</param>
    /// <param name="result">The token, or <c>default</c>.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, out ViewChangeToken result) => TryParse(s.AsSpan(), null, out result);

    /// <inheritdoc cref="TryParse(string?, out ViewChangeToken)"/>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used; the form is invariant.</param>
    /// <param name="result">The token, or <c>default</c>.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ViewChangeToken result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out ViewChangeToken)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out ViewChangeToken result)
    {
        result = default;
        Span<Range> parts = stackalloc Range[8];
        if (s.Split(parts, Separator) != 7 || s[parts[0]] is not [Format] || !ViewNames.IsValidSet(s[parts[1]])) return false;
        if (!TryRead(s[parts[2]], out var version) || version is < 1 or > int.MaxValue || !TryRead(s[parts[3]], out var build) || build < 1) return false;
        if (!TryRead(s[parts[4]], out var position) || !TryRead(s[parts[5]], out var ordinal)) return false;
        // The length is checked first, because parsing would allow fewer digits.
        if (s[parts[6]].Length != 16 || !ulong.TryParse(s[parts[6]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var check)) return false;
        result = new(s[parts[1]].ToString(), (int)version, build, GlobalPosition.FromInt64(position), ordinal, check);
        return true;
    }

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        var text = ToString();
        charsWritten = text.TryCopyTo(destination) ? text.Length : 0;
        return charsWritten == text.Length;
    }

    private static bool TryRead(ReadOnlySpan<char> text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
