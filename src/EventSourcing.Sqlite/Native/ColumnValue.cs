namespace EventSourcing.Sqlite.Native;

/// <summary>One value of a statement's row (sqlite.org/c3ref/value.html), valid until the next step or reset.</summary>
internal readonly unsafe struct ColumnValue(nint handle)
{
    internal bool IsNull => NativeMethods.sqlite3_value_type(handle) == NativeMethods.TypeNull;

    internal bool IsInteger => NativeMethods.sqlite3_value_type(handle) == NativeMethods.TypeInteger;

    internal bool IsReal => NativeMethods.sqlite3_value_type(handle) == NativeMethods.TypeReal;

    internal bool IsBlob => NativeMethods.sqlite3_value_type(handle) == NativeMethods.TypeBlob;

    internal bool IsText => NativeMethods.sqlite3_value_type(handle) == NativeMethods.TypeText;

    /// <summary>The number; 0 for NULL.</summary>
    internal long Int64 => NativeMethods.sqlite3_value_int64(handle);

    internal double Real => NativeMethods.sqlite3_value_double(handle);

    /// <summary>The bytes of a text or blob; none for NULL.</summary>
    internal ReadOnlySpan<byte> Bytes
    {
        get
        {
            var p = NativeMethods.sqlite3_value_blob(handle);
            return p is null ? default : new(p, NativeMethods.sqlite3_value_bytes(handle));
        }
    }

    internal bool IsAt(nint other) => handle == other;
}
