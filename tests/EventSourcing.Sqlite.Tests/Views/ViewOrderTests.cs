using CsCheck;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>Order, conditions and cursors of SQLite are those of <see cref="ViewValue"/> and <see cref="ViewCondition"/>.</summary>
[Parallelizable(ParallelScope.All)]
public class ViewOrderTests
{
    private static readonly Gen<string> s_text = Gen.OneOf(OneOf("", "a", "A", "b", "é", "\uFFFD", "\uE000", "😀", "ab", "10", "9"), Gen.String[Gen.Char['a', 'f'], 0, 3]);

    private static readonly Gen<ViewValue> s_value = Gen.Frequency(
        (2, Gen.Const(default(ViewValue))),
        (3, OneOf(0L, 1L, -1L, 2L, long.MaxValue, long.MinValue, 1L << 53, (1L << 53) + 1).Select(n => ViewValue.Of(n))),
        (3, OneOf(0.0, -0.0, 1.0, 0.5, -0.5, double.MaxValue, double.NegativeInfinity, double.PositiveInfinity, 9007199254740992.0, 9223372036854775808.0, -9223372036854775808.0, double.Epsilon).Select(n => ViewValue.Of(n))),
        (1, Gen.Long.Select(n => ViewValue.Of(n))),
        (1, Gen.Double.Where(n => !double.IsNaN(n)).Select(n => ViewValue.Of(n))),
        (4, s_text.Select(t => ViewValue.Of(t))));

    private static readonly Gen<ViewCondition> s_condition = Gen.OneOf(
        Gen.Select(Gen.Int[0, 1], s_value, (index, value) => new ViewCondition(index, value, value)),
        Gen.Select(Gen.Int[0, 1], s_value.Nullable(), s_value.Nullable(), (index, from, through) => new ViewCondition(index, from, through)));

    private static readonly Gen<Dictionary<string, (ViewValue, ViewValue)>> s_rows =
        Gen.Dictionary(s_text, Gen.Select(s_value, s_value))[0, 40];

    private static readonly Gen<ViewRead> s_read = Gen.Select(
        s_condition.Array[0, 2], Gen.Int[0, 1].Nullable(), Gen.Bool, Gen.Int[1, 7],
        (conditions, order, descending, max) => new ViewRead { Table = 0, Conditions = conditions, OrderBy = order, Descending = descending, Max = max });

    [Test]
    public void Pages_are_those_of_a_sorted_list()
    {
        using var files = new ViewFiles();
        var builds = 0L;
        Gen.Select(s_rows, s_read.Array[1, 10]).Sample(
            (rows, reads) =>
            {
                var id = new ViewBuildId("order-list", 1, Interlocked.Increment(ref builds));
                using var build = files.Storage.Create(id, files.LogId, ViewFiles.Orders);
                Write(build, rows);
                using var snapshot = build.OpenSnapshot();
                foreach (var read in reads)
                {
                    var expected = Expected(rows, read);
                    Pages(snapshot, read).Should().Equal(expected);
                    snapshot.Count(0, read.Conditions).Should().Be(expected.Count);
                }

                files.Storage.TryRemove(id);
            },
            iter: 150, threads: 1);
    }

    [Test]
    public void Keys_with_a_value_are_found_in_order()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewValue[] values = [default, default, 1L, 1.0, "1", default];
        using var writer = build.OpenWriter(1)!;
        writer.Begin();
        for (var i = 0; i < values.Length; i++) ViewFiles.Put(writer, $"k{values.Length - i}", i + 1, values[i], default);
        writer.Commit(ViewFiles.At(values.Length)).Should().BeTrue();

        writer.FindKeys(0, 0, default).Should().Equal("k1", "k5", "k6");
        writer.FindKeys(0, 0, 1L).Should().Equal("k3", "k4");
        writer.FindKeys(0, 0, "1").Should().Equal("k2");
    }

    [Test]
    public void A_row_stands_behind_a_cursor_that_is_no_row()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 20);
        using var snapshot = build.OpenSnapshot();

        snapshot.Read(new() { Table = 0, OrderBy = 1, After = (4.5, "x"), Max = 2 }).Select(row => row.Key).Should().Equal("order-5", "order-6");
        snapshot.Read(new() { Table = 0, OrderBy = 1, Descending = true, After = (4.5, "x"), Max = 2 }).Select(row => row.Key).Should().Equal("order-4", "order-3");
        snapshot.Read(new() { Table = 0, After = (default, "order-18x"), Max = 2 }).Select(row => row.Key).Should().Equal("order-19", "order-2");
    }

    [Test]
    public void A_table_or_index_that_is_not_there_is_an_argument_error()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        using var snapshot = build.OpenSnapshot();

        snapshot.Invoking(s => s.Find(1, "k")).Should().Throw<ArgumentOutOfRangeException>();
        snapshot.Invoking(s => s.Read(new() { Table = 0, OrderBy = 2, Max = 1 })).Should().Throw<ArgumentOutOfRangeException>();
        snapshot.Invoking(s => s.Read(new() { Table = 0, Max = 0 })).Should().Throw<ArgumentOutOfRangeException>();
        snapshot.Invoking(s => s.Count(0, [new(-1, null, null)])).Should().Throw<ArgumentOutOfRangeException>();
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static void Write(IViewBuild build, Dictionary<string, (ViewValue, ViewValue)> rows)
    {
        using var writer = build.OpenWriter(1)!;
        writer.Begin();
        foreach (var (key, (customer, total)) in rows) ViewFiles.Put(writer, key, 1, customer, total);
        writer.Commit(ViewFiles.At(1, isComplete: false)).Should().BeTrue();
    }

    private static List<string> Pages(IViewSnapshot snapshot, ViewRead read)
    {
        var keys = new List<string>();
        while (true)
        {
            var page = snapshot.Read(read);
            keys.AddRange(page.Select(row => row.Key));
            if (page.Count < read.Max) return keys;
            read = read with { After = (page[^1].Order, page[^1].Key) };
        }
    }

    private static List<string> Expected(Dictionary<string, (ViewValue, ViewValue)> rows, ViewRead read)
    {
        ViewValue Value(string key, int index) => index == 0 ? rows[key].Item1 : rows[key].Item2;
        var keys = rows.Keys.Where(key => read.Conditions.All(c => c.IsMetBy(Value(key, c.Index)))).ToList();
        keys.Sort((one, other) =>
        {
            var order = read.OrderBy is { } index ? Value(one, index).CompareTo(Value(other, index)) : 0;
            if (order == 0) order = ViewValue.Of(one).CompareTo(ViewValue.Of(other));
            return read.Descending ? -order : order;
        });
        return keys;
    }
}
