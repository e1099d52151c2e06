using System.Globalization;

namespace EventSourcing.Storage;

/// <summary>One build of a view set: what a replay of the log has produced. Each build has a place of its own.</summary>
public readonly record struct ViewBuildId : IComparable<ViewBuildId>
{
    /// <summary>Names a build.</summary>
    /// <param name="set">The set's name (<see cref="ViewSet.Name"/>).</param>
    /// <param name="version">The set's version, 1 or more.</param>
    /// <param name="build">The number of the build, 1 or more.</param>
    /// <exception cref="ArgumentException">The name is not valid for a set, or a number is below 1.</exception>
    public ViewBuildId(string set, int version, long build)
    {
        ViewNames.ThrowIfInvalidSet(set, nameof(set));
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(build, 1);
        (Set, Version, Build) = (set, version, build);
    }

    /// <summary>The set's name; null for <c>default</c>.</summary>
    public string Set { get; }

    /// <summary>The set's version, 1 or more; 0 for <c>default</c>.</summary>
    public int Version { get; }

    /// <summary>The number of the build, 1 or more; 0 for <c>default</c>.</summary>
    public long Build { get; }

    /// <summary>Parses what <see cref="ToString"/> prints.</summary>
    /// <param name="text">For example <c>order-list.v2.b1</c>.</param>
    /// <param name="id">The build.</param>
    /// <returns>False when the text is not the name of a build.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out ViewBuildId id)
    {
        id = default;
        var build = text.LastIndexOf(".b", StringComparison.Ordinal);
        if (build < 0) return false;
        var version = text[..build].LastIndexOf(".v", StringComparison.Ordinal);
        if (version < 0 || !ViewNames.IsValidSet(text[..version])) return false;
        if (!int.TryParse(text[(version + 2)..build], NumberStyles.None, CultureInfo.InvariantCulture, out var v) || v < 1) return false;
        if (!long.TryParse(text[(build + 2)..], NumberStyles.None, CultureInfo.InvariantCulture, out var b) || b < 1) return false;
        id = new(text[..version].ToString(), v, b);
        return id.ToString().AsSpan().SequenceEqual(text);
    }

    /// <summary>Compares set, version and build, in this order.</summary>
    /// <param name="other">The other build.</param>
    public int CompareTo(ViewBuildId other) =>
        string.CompareOrdinal(Set, other.Set) is not 0 and var set ? set : (Version, Build).CompareTo((other.Version, other.Build));

    /// <summary>Set, version and build: <c>order-list.v2.b1</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Set}.v{Version}.b{Build}");

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator <(ViewBuildId left, ViewBuildId right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator <=(ViewBuildId left, ViewBuildId right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator >(ViewBuildId left, ViewBuildId right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="CompareTo"/>
    public static bool operator >=(ViewBuildId left, ViewBuildId right) => left.CompareTo(right) >= 0;
}
