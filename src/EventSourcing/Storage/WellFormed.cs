namespace EventSourcing.Storage;

/// <summary>The rule for callers' texts other than names: valid UTF-16, so that the stored text equals the given one.</summary>
internal static class WellFormed
{
    /// <summary>Refuses a lone surrogate. UTF-8 cannot encode it, so another character would be stored.</summary>
    internal static void ThrowIfNot(string text, string what, string? parameter)
    {
        if (IndexOfLoneSurrogate(text) is >= 0 and var index)
            throw new ArgumentException($"{what} must not contain lone surrogates: U+{(int)text[index]:X4} at index {index}.", parameter);
    }

    internal static int IndexOfLoneSurrogate(string text)
    {
        for (var i = text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return i;
            i++;
        }

        return -1;
    }
}
