namespace EventSourcing.Storage;

/// <summary>The rules for the keys of records.</summary>
public static class RecordKey
{
    /// <summary>The order of keys in every log: that of their UTF-8, which is not the ordinal order of strings where a key has characters above U+FFFF.</summary>
    public static IComparer<string> Order => Utf8Order.Instance;

    /// <summary>Refuses a key that no log stores: empty, over 512 bytes of UTF-8, with control characters or lone surrogates.</summary>
    /// <param name="key">The key.</param>
    /// <exception cref="ArgumentException">The key is not valid.</exception>
    public static void ThrowIfInvalid(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Name.ThrowIfInvalid(key, "record key", nameof(key));
    }
}
