using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>Values of indexes as SQLite keeps them: the columns have no affinity, so that a value is stored as it is (sqlite.org/datatype3.html#determination_of_column_affinity).</summary>
internal static class ViewValues
{
    internal static Statement Bind(this Statement statement, int index, in ViewValue value) => value.Kind switch
    {
        ViewValueKind.Null => statement.BindNull(index),
        ViewValueKind.WholeNumber => statement.Bind(index, value.WholeNumber),
        ViewValueKind.Number => statement.BindReal(index, value.Number),
        _ => statement.Bind(index, value.Text),
    };

    internal static ViewValue Value(this Statement statement, int column)
    {
        if (statement.IsNull(column)) return default;
        if (statement.IsText(column)) return ViewValue.Of(statement.Text(column));
        return statement.IsReal(column) ? ViewValue.Of(statement.Real(column)) : ViewValue.Of(statement.Int64(column));
    }
}
