using System.Runtime.CompilerServices;
using System.Text;

namespace EventSourcing.Sqlite.Native;

/// <summary>A prepared statement, kept for the life of its connection. Parameters and columns are numbered as in SQLite: from 1 and from 0.</summary>
internal sealed unsafe class Statement(Database database, nint handle) : IDisposable
{
    // A copy of so many bytes takes well under a microsecond.
    private const int ShortAtMost = 4096;

    private static readonly byte* s_nothing = (byte*)RuntimeHelpers.AllocateTypeAssociatedMemory(typeof(Statement), 1);

    // Where the values of the row lie. SQLite keeps them in one place, row after row, until it prepares the statement again. They are
    // unprotected (sqlite.org/c3ref/column_blob.html): good for one thread at a time, which is all that a statement here knows.
    private ColumnValue[] _values = [];

    private nint _handle = handle;

    internal nint Handle => _handle;

    /// <summary>How often SQLite has prepared the statement again, because another connection has changed the schema. A restore of the whole file, by SQLite's backup API, counts as such a change.</summary>
    internal int Reprepared => NativeMethods.sqlite3_stmt_status(Handle, NativeMethods.StatusReprepare, 0);

    internal Statement Bind(int index, long value)
    {
        Check(NativeMethods.sqlite3_bind_int64(Handle, index, value));
        return this;
    }

    internal Statement Bind(int index, string? text)
    {
        if (text is null) return BindNull(index);
        // Copied by SQLite (the destructor -1): the bytes do not outlive this call.
        var bytes = text.Length <= 170 ? stackalloc byte[512] : new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = Encoding.UTF8.GetBytes(text, bytes);
        fixed (byte* p = bytes)
            Check(length <= ShortAtMost ? NativeMethods.sqlite3_bind_text(Handle, index, p, length, -1) : NativeMethods.BindLongText(Handle, index, p, length, -1));
        return this;
    }

    internal Statement BindReal(int index, double value)
    {
        Check(NativeMethods.sqlite3_bind_double(Handle, index, value));
        return this;
    }

    internal Statement BindNull(int index)
    {
        Check(NativeMethods.sqlite3_bind_null(Handle, index));
        return this;
    }

    /// <summary>Binds bytes that stay where they are until the statement was run: nothing is copied.</summary>
    internal void BindPinned(int index, byte* value, int length, bool asText)
    {
        // A null pointer would be NULL, and an empty value is not.
        if (length == 0) value = s_nothing;
        Check(asText
            ? NativeMethods.sqlite3_bind_text(Handle, index, value, length, 0)
            : NativeMethods.sqlite3_bind_blob(Handle, index, value, length, 0));
    }

    /// <summary>Binds bytes that SQLite copies.</summary>
    internal Statement Bind(int index, ReadOnlySpan<byte> blob)
    {
        fixed (byte* p = blob)
            Check(blob.Length <= ShortAtMost
                ? NativeMethods.sqlite3_bind_blob(Handle, index, blob.IsEmpty ? s_nothing : p, blob.Length, -1)
                : NativeMethods.BindLongBlob(Handle, index, p, blob.Length, -1));
        return this;
    }

    /// <summary>Goes to the next row; false when there is none, and the statement is reset then.</summary>
    internal bool Step()
    {
        if (!StepOn()) return false;
        if (_values.Length == 0 || !_values[0].IsAt(NativeMethods.sqlite3_column_value(Handle, 0))) FindValues();
        return true;
    }

    /// <summary>The same, to a row after the first of a SELECT without compound and without sorter: its values lie where those of the first row lie. SQLite prepares a statement again only before its first row.</summary>
    internal bool StepOn()
    {
        var code = NativeMethods.sqlite3_step(Handle);
        if (code == NativeMethods.Row) return true;
        if (code == NativeMethods.Done)
        {
            _ = NativeMethods.sqlite3_reset(Handle);
            return false;
        }

        var error = database.Error(code);
        _ = NativeMethods.sqlite3_reset(Handle);
        throw error;
    }

    /// <summary>Runs a statement that gives no rows, or whose rows are not wanted.</summary>
    internal void Run()
    {
        while (Step())
        {
        }
    }

    /// <summary>Runs a statement that gives no rows; returns SQLite's code instead of throwing.</summary>
    internal int TryRun()
    {
        var code = NativeMethods.sqlite3_step(Handle);
        _ = NativeMethods.sqlite3_reset(Handle);
        return code == NativeMethods.Done ? NativeMethods.Ok : code;
    }

    internal void Reset() => _ = NativeMethods.sqlite3_reset(Handle);

    /// <summary>The values of the row, valid until the next step or reset.</summary>
    internal ReadOnlySpan<ColumnValue> Values => _values;

    internal bool IsNull(int column) => _values[column].IsNull;

    internal bool IsText(int column) => _values[column].IsText;

    internal bool IsReal(int column) => _values[column].IsReal;

    internal bool IsBlob(int column) => _values[column].IsBlob;

    internal int ColumnCount => NativeMethods.sqlite3_column_count(Handle);

    internal double Real(int column) => _values[column].Real;

    internal long Int64(int column) => _values[column].Int64;

    /// <summary>The bytes of a text or blob, valid until the next step or reset.</summary>
    internal ReadOnlySpan<byte> Bytes(int column) => _values[column].Bytes;

    internal string Text(int column)
    {
        // column_blob turns no number into text, so that a damaged column shows as what it is.
        return _values[column].IsInteger
            ? Int64(column).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : Encoding.UTF8.GetString(Bytes(column));
    }

    /// <summary>The first column of the first row, or <paramref name="otherwise"/>; the statement is reset.</summary>
    internal long Scalar(long otherwise)
    {
        if (!Step()) return otherwise;
        var value = IsNull(0) ? otherwise : Int64(0);
        Reset();
        return value;
    }

    public void Dispose()
    {
        // The memory behind a handle is freed once, however many threads dispose.
        if (Interlocked.Exchange(ref _handle, 0) is not 0 and var last) _ = NativeMethods.sqlite3_finalize(last);
    }

    private void FindValues()
    {
        _values = new ColumnValue[NativeMethods.sqlite3_column_count(Handle)];
        for (var i = 0; i < _values.Length; i++) _values[i] = new(NativeMethods.sqlite3_column_value(Handle, i));
    }

    private void Check(int code)
    {
        if (code != NativeMethods.Ok) throw database.Error(code);
    }
}
