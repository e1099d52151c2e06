using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;

[assembly: DisableRuntimeMarshalling]

namespace EventSourcing.Sqlite.Native;

/// <summary>SQLite's C interface (sqlite.org/c3ref/funclist.html) as far as hot paths need it, from the very library that Microsoft.Data.Sqlite uses: two copies of SQLite in one process would break each other's file locks.</summary>
/// <remarks>SuppressGCTransition stands only on calls that are short and do no I/O.</remarks>
internal static unsafe partial class NativeMethods
{
    internal const int Ok = 0, Busy = 5, Full = 13, Constraint = 19, Auth = 23, Row = 100, Done = 101;
    internal const int TypeInteger = 1, TypeReal = 2, TypeText = 3, TypeBlob = 4, TypeNull = 5;
    internal const uint PreparePersistent = 1;
    internal const int FileControlDataVersion = 35;
    internal const int ConfigEnableTrigger = 1003, ConfigNoCheckpointOnClose = 1006;
    internal const int StatusPagesWritten = 9, StatusDeferredForeignKeys = 10;
    internal const int BusySnapshot = 517;
    internal const int Deny = 1;
    internal const int ActionCreateIndex = 1, ActionCreateTable = 2, ActionCreateView = 8, ActionCreateVirtualTable = 29;
    internal const int ActionCreateTempIndex = 3, ActionCreateTempTable = 4, ActionCreateTempTrigger = 5, ActionCreateTempView = 6, ActionCreateTrigger = 7, ActionDropIndex = 10;
    internal const int ActionDropTable = 11, ActionDropTempTrigger = 14, ActionDropTrigger = 16, ActionDropView = 17, ActionPragma = 19, ActionTransaction = 22;
    internal const int ActionAttach = 24, ActionAlterTable = 26, ActionSavepoint = 32;
    internal const int ActionDelete = 9, ActionDropTempIndex = 12, ActionDropTempTable = 13, ActionDropTempView = 15, ActionInsert = 18, ActionRead = 20, ActionUpdate = 23, ActionDetach = 25;
    internal const int ActionReindex = 27, ActionAnalyze = 28, ActionDropVirtualTable = 30, ActionFunction = 31;

    private const string Library = "e_sqlite3";

    static NativeMethods()
    {
        Batteries_V2.Init();
        NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, Resolve);
    }

    [DllImport(Library)]
    internal static extern int sqlite3_libversion_number();

    [DllImport(Library)]
    internal static extern int sqlite3_prepare_v3(nint db, byte* sql, int length, uint flags, nint* statement, byte** tail);

    [DllImport(Library)]
    internal static extern int sqlite3_exec(nint db, byte* sql, nint callback, nint argument, byte** error);

    [DllImport(Library)]
    internal static extern int sqlite3_set_authorizer(nint db, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, byte*, byte*, int> authorizer, nint argument);

    [DllImport(Library)]
    internal static extern nint sqlite3_commit_hook(nint db, delegate* unmanaged[Cdecl]<nint, int> hook, nint argument);

    [DllImport(Library)]
    internal static extern nint sqlite3_rollback_hook(nint db, delegate* unmanaged[Cdecl]<nint, void> hook, nint argument);

    [DllImport(Library)]
    internal static extern nint sqlite3_next_stmt(nint db, nint statement);

    [DllImport(Library)]
    internal static extern int sqlite3_stmt_busy(nint statement);

    [DllImport(Library)]
    internal static extern byte* sqlite3_sql(nint statement);

    [DllImport(Library)]
    internal static extern long sqlite3_changes64(nint db);

    [DllImport(Library)]
    internal static extern int sqlite3_db_status(nint db, int what, int* current, int* highest, int reset);

    [DllImport(Library)]
    internal static extern int sqlite3_wal_autocheckpoint(nint db, int pages);

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
    internal static extern int sqlite3_bind_double(nint statement, int index, double value);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_bind_null(nint statement, int index);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_bind_text(nint statement, int index, byte* value, int length, nint destructor);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_bind_blob(nint statement, int index, byte* value, int length, nint destructor);

    // The same for values that SQLite copies and that are not short: a collection does not wait for the copy.
    [DllImport(Library, EntryPoint = "sqlite3_bind_text")]
    internal static extern int BindLongText(nint statement, int index, byte* value, int length, nint destructor);

    [DllImport(Library, EntryPoint = "sqlite3_bind_blob")]
    internal static extern int BindLongBlob(nint statement, int index, byte* value, int length, nint destructor);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_column_count(nint statement);

    [DllImport(Library), SuppressGCTransition]
    internal static extern nint sqlite3_column_value(nint statement, int column);

    internal const int StatusReprepare = 5;

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_stmt_status(nint statement, int counter, int reset);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_value_type(nint value);

    [DllImport(Library), SuppressGCTransition]
    internal static extern long sqlite3_value_int64(nint value);

    [DllImport(Library), SuppressGCTransition]
    internal static extern double sqlite3_value_double(nint value);

    // The step has read the whole value, overflow pages too: no I/O is left for here.
    [DllImport(Library), SuppressGCTransition]
    internal static extern byte* sqlite3_value_blob(nint value);

    [DllImport(Library), SuppressGCTransition]
    internal static extern int sqlite3_value_bytes(nint value);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == Library ? NativeLibrary.Load(raw.GetNativeLibraryName(), typeof(raw).Assembly, path) : 0;
}
