using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>Guards the connection of a view's file: a handler writes rows of its projection's tables, and reads those and the tables of projections before it.</summary>
internal sealed unsafe class ViewGuard : ConnectionGuard
{
    private const string NoDocuments = "documents of the set are not in its file before they are written, so that SQL in a handler must not read them";
    private const string NoTables = "tables are made in CreateSchema only";
    private const string NothingTemporary = "what is temporary is gone when the view is opened again";
    private const string NamesAreOurs = "names that begin with es_ are the library's";

    private static readonly HashSet<string> s_impure = new(["random", "randomblob", "current_timestamp", "current_date", "current_time"], StringComparer.OrdinalIgnoreCase);

    private readonly Lock _gate;
    private readonly Dictionary<string, (int Table, string Projection)> _owners = new(StringComparer.OrdinalIgnoreCase);
    private bool _isWork, _isSchema;
    private int _table, _threadId;

    /// <param name="database">The connection.</param>
    /// <param name="gate">Is held while statements of the library run, and while handlers run.</param>
    /// <param name="tables">The tables of the set.</param>
    internal ViewGuard(Database database, Lock gate, IReadOnlyList<ViewTable> tables) : base(database)
    {
        _gate = gate;
        for (var table = 0; table < tables.Count; table++)
            foreach (var name in tables[table].Own?.Names ?? [tables[table].Name]) _owners[name] = (table, tables[table].Name);
    }

    protected override bool IsLibrary => !_isWork && _gate.IsHeldByCurrentThread;

    protected override bool IsWork => _isWork && _threadId == Environment.CurrentManagedThreadId;

    /// <summary>A transaction was begun.</summary>
    internal void Begin() => Forget();

    /// <summary>Before the statements of a handler. Those that it has kept were prepared before <see cref="Leave"/>, and are prepared again.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="isSchema">True where it makes its tables.</param>
    internal void Enter(int table, bool isSchema)
    {
        Refused = null;
        (_table, _isSchema, _threadId, _isWork) = (table, isSchema, Environment.CurrentManagedThreadId, true);
    }

    /// <summary>After them.</summary>
    internal void Leave()
    {
        _isWork = false;
        if (Database.IsOpen) Install();
    }

    protected override string? ReasonAgainst(int action, byte* first, byte* second, byte* database)
    {
        switch (action)
        {
            case NativeMethods.ActionTransaction:
                return HandlerConnection.NoOther;
            case NativeMethods.ActionSavepoint:
                return IsOurs(second) ? "savepoints whose names begin with es_ are the library's" : null;
            case NativeMethods.ActionPragma:
                return ReasonAgainstPragma(first, second);
            case NativeMethods.ActionAttach or NativeMethods.ActionDetach:
                return "the rows of a view come from its events alone: no other file is attached";
            case NativeMethods.ActionFunction:
                return s_impure.Contains(Text(second)) ? $"{Text(second)} gives another value at each replay" : null;
            case NativeMethods.ActionRead:
                return IsOurs(first) ? NoDocuments : ReasonAgainstReading(Text(first));
            case NativeMethods.ActionInsert or NativeMethods.ActionUpdate or NativeMethods.ActionDelete:
                return ReasonAgainstWriting(Text(first));
            // SQLite asks for it too where an index is made.
            case NativeMethods.ActionReindex when _isSchema:
                return null;
            case NativeMethods.ActionAnalyze or NativeMethods.ActionReindex:
                return "ANALYZE and REINDEX are no part of a view";
            case NativeMethods.ActionCreateTempIndex or NativeMethods.ActionCreateTempTable or NativeMethods.ActionCreateTempTrigger or NativeMethods.ActionCreateTempView
                or NativeMethods.ActionDropTempIndex or NativeMethods.ActionDropTempTable or NativeMethods.ActionDropTempTrigger or NativeMethods.ActionDropTempView:
                return NothingTemporary;
            case NativeMethods.ActionAlterTable:
                return ReasonAgainstChanging(second, null);
            case NativeMethods.ActionCreateTable or NativeMethods.ActionCreateIndex or NativeMethods.ActionCreateView or NativeMethods.ActionCreateTrigger or NativeMethods.ActionCreateVirtualTable
                or NativeMethods.ActionDropTable or NativeMethods.ActionDropIndex or NativeMethods.ActionDropView or NativeMethods.ActionDropTrigger or NativeMethods.ActionDropVirtualTable:
                return ReasonAgainstChanging(first, action is NativeMethods.ActionCreateVirtualTable or NativeMethods.ActionDropVirtualTable ? null : second);
            default:
                return null;
        }
    }

    private string? ReasonAgainstChanging(byte* name, byte* table)
    {
        if (!_isSchema) return NoTables;
        if (IsOurs(name) || IsOurs(table)) return NamesAreOurs;
        return ReasonAgainstOther(Text(name)) ?? (table is null ? null : ReasonAgainstOther(Text(table)));
    }

    private string? ReasonAgainstReading(string name) =>
        _owners.TryGetValue(name, out var owner) && owner.Table > _table ? $"'{name}' belongs to projection '{owner.Projection}', which handles an event after this one" : null;

    private string? ReasonAgainstWriting(string name)
    {
        if (name.StartsWith("es_", StringComparison.OrdinalIgnoreCase)) return NamesAreOurs;
        // SQLite writes its schema itself where tables are made, and a temporary one where they are renamed.
        if (_isSchema) return ReasonAgainstOther(name);
        if (name is "sqlite_temp_master") return NothingTemporary;
        if (name is "sqlite_master") return NoTables;
        return _owners.ContainsKey(name) ? ReasonAgainstOther(name) : $"'{name}' was not made by the projection's CreateSchema";
    }

    private string? ReasonAgainstOther(string name) => _owners.TryGetValue(name, out var owner) && owner.Table != _table ? $"'{name}' belongs to projection '{owner.Projection}'" : null;

    private static bool IsOurs(byte* name) => name is not null && Text(name).StartsWith("es_", StringComparison.OrdinalIgnoreCase);
}
