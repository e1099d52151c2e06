namespace EventSourcing.Storage;

/// <summary>The rule for the keys of records.</summary>
public static class RecordKey
{
    /// <summary>Refuses a key that no log stores: empty, over 512 bytes of UTF-8, with control characters or lone surrogates.</summary>
    /// <param name="key">The key.</param>
    /// <exception cref="ArgumentException">The key is not valid.</exception>
    public static void ThrowIfInvalid(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Name.ThrowIfInvalid(key, "record key", nameof(key));
    }
}
