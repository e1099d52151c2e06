using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;

[assembly: DisableRuntimeMarshalling]

namespace EventSourcing.Sqlite.Internal;

/// <summary>SQLite's C interface (sqlite.org/c3ref/funclist.html) as far as hot paths need it, from the very library that Microsoft.Data.Sqlite uses: two copies of SQLite in one process would break each other's file locks.</summary>
/// <remarks>SuppressGCTransition stands only on calls that are short and do no I/O.</remarks>
internal static unsafe partial class Native
{
    internal const int Ok = 0, Busy = 5, Full = 13, Constraint = 19, Row = 100, Done = 101;
    internal const int TypeInteger = 1, TypeText = 3, TypeNull = 5;
    internal const uint PreparePersistent = 1;
    internal const int FileControlDataVersion = 35;
    internal const int ConfigEnableTrigger = 1003;
    internal const int StatusDeferredForeignKeys = 10;
    internal const int Deny = 1, ActionPragma = 19, ActionTransaction = 22, ActionSavepoint = 32;

    private const string Library = "e_sqlite3";

    static Native()
    {
        Batteries_V2.Init();
        NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);
    }

    [DllImport(Library)]
    internal static extern int sqlite3_libversion_number();

    [DllImport(Library)]
    internal static extern int sqlite3_prepare_v3(nint db, byte* sql, int length, uint flags, nint* statement, byte** tail);

    [DllImport(Library)]
    internal static extern int sqlite3_exec(nint db, byte* sql, nint callback, nint argument, byte** error);

    [DllImport(Library)]
    internal static extern long sqlite3_total_changes64(nint db);

    [DllImport(Library)]
    internal static extern int sqlite3_db_status(nint db, int what, int* current, int* highest, int reset);

    [DllImport(Library)]
    internal static extern int sqlite3_step(nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_reset(nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_finalize(nint statement);

    [DllImport(Library)]
    internal static extern byte* sqlite3_errmsg(nint db);

    [DllImport(Library)]
    internal static extern int sqlite3_extended_errcode(nint db);

    [DllImport(Library)]
    internal static extern int sqlite3_busy_timeout(nint db, int milliseconds);

    [DllImport(Library)]
    internal static extern void sqlite3_interrupt(nint db);

    [DllImport(Library)]
    internal static extern int sqlite3_get_autocommit(nint db);

    [DllImport(Library)]
    internal static extern int sqlite3_file_control(nint db, byte* database, int operation, void* argument);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_bind_int64(nint statement, int index, long value);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_bind_null(nint statement, int index);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_bind_text(nint statement, int index, byte* value, int length, nint destructor);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_bind_blob(nint statement, int index, byte* value, int length, nint destructor);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_column_count(nint statement);

    [DllImport(Library), SuppressGCTransition]
    internal static extern nint sqlite3_column_value(nint statement, int column);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_value_type(nint value);

    [DllImport(Library), SuppressGCTransition]
    internal static extern long sqlite3_value_int64(nint value);

    // The step has read the whole value, overflow pages too: no I/O is left for here.
    [DllImport(Library), SuppressGCTransition]
    internal static extern byte* sqlite3_value_blob(nint value);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_value_bytes(nint value);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == Library ? NativeLibrary.Load(raw.GetNativeLibraryName(), typeof(raw).Assembly, path) : 0;
}
