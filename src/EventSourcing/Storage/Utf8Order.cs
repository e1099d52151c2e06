namespace EventSourcing.Storage;

/// <summary>The order of the UTF-8 forms of strings, by which databases sort keys.</summary>
/// <remarks>It differs from the ordinal order of UTF-16 in one place only: surrogates come after U+E000 to U+FFFF.</remarks>
internal sealed class Utf8Order : IComparer<string>
{
    internal static Utf8Order Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var left = x.AsSpan();
        var right = y.AsSpan();
        var common = left.CommonPrefixLength(right);
        if (common == left.Length || common == right.Length) return left.Length.CompareTo(right.Length);
        return Weight(left[common]).CompareTo(Weight(right[common]));
    }

    private static int Weight(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
}
