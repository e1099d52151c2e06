using CsCheck;
using Orders.Importing;

namespace Orders.Tests.Importing;

[TestFixture]
public sealed class CsvReaderTests
{
    private static List<CsvRecord> Read(string text, int fields = 3)
    {
        var reader = new CsvReader(new StringReader(text), fields);
        List<CsvRecord> records = [];
        while (reader.TryRead(out var record)) records.Add(record);
        return records;
    }

    [TestCase("a,b,c\n", "a|b|c")]
    [TestCase("a,b,c", "a|b|c")]
    [TestCase("a,b,c\r\n", "a|b|c")]
    [TestCase(",,\n", "||")]
    [TestCase("a,\"b,b\",c\n", "a|b,b|c")]
    [TestCase("a,\"b \"\"quoted\"\" b\",c\n", "a|b \"quoted\" b|c")]
    [TestCase("\"\",\"\",\"\"\n", "||")]
    [TestCase("\"a\",\"b\",\"c\"", "a|b|c")]
    [TestCase("a,\"b\nb\",c\n", "a|b\nb|c")]
    [TestCase("a,\"b\r\nb\",c\r\n", "a|b\r\nb|c")]
    [TestCase("a,b,\"\"\"\"\n", "a|b|\"")]
    [TestCase(" a , b,c \n", " a | b|c ")]
    public void One_record_gives_its_fields(string text, string fields)
    {
        var record = Read(text).Should().ContainSingle().Subject;
        string.Join('|', record.Fields).Should().Be(fields);
    }

    [TestCase("a\n", "it has 1 field, not 3")]
    [TestCase("a,b\n", "it has 2 fields, not 3")]
    [TestCase("a,b,c,d\n", "it has 4 fields, not 3")]
    [TestCase("a,\"b\",c,d\n", "it has 4 fields, not 3")]
    [TestCase("a,b\"b,c\n", "a quote stands inside field 2, which is not quoted")]
    [TestCase("a,\"b\"b,c\n", "text follows the closing quote of field 2")]
    [TestCase("a,\"b,c\n", "a quote is never closed")]
    public void A_malformed_line_is_a_problem(string text, string problem) => Read(text).Should().ContainSingle().Which.Problem.Should().Be(problem);

    [Test]
    public void A_quote_that_is_never_closed_costs_its_own_line_only() =>
        Read("a,\"b,c\nd,e,f\ng,h,i\n").Select(r => (r.Line, r.Problem is null)).Should().Equal((1, false), (2, true), (3, true));

    [Test]
    public void A_quote_that_is_closed_by_a_later_lines_quote_costs_its_own_line_only() =>
        Read("a,\"b,c\nd,\"e\",f\ng,h,i\n").Select(r => (r.Line, r.Problem is null)).Should().Equal((1, false), (2, true), (3, true));

    [Test]
    public void A_record_over_several_lines_has_the_number_of_its_first() =>
        Read("a,\"b\nb\",c\nd,e,f\n").Select(r => r.Line).Should().Equal(1, 3);

    [Test]
    public void Empty_lines_hold_no_record_and_are_counted() => Read("\na,b,c\n\nd,e,f\n\n").Select(r => r.Line).Should().Equal(2, 4);

    [Test]
    public void Fields_that_are_quoted_come_back_whatever_they_hold() =>
        Gen.String["ab,\"\r\n "].Array[3].Array[0, 5].Sample(records =>
        {
            var text = string.Concat(records.Select(r => string.Join(',', r.Select(f => $"\"{f.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\r\n"));
            return Read(text).Select(r => string.Join('|', r.Fields)).SequenceEqual(records.Select(r => string.Join('|', r)));
        });

    [Test]
    public void Of_noise_between_good_lines_no_more_than_the_noise_is_lost() =>
        Gen.String["ab,\"\r "].Array[0, 8].Sample(noise =>
            Read(string.Join('\n', noise) + "\nlast,good,line\nlast,good,line\n").TakeLast(1).Single() is { Problem: null, Fields: ["last", "good", "line"] });

    [Test]
    public void A_line_longer_than_the_bound_is_a_problem_and_the_next_line_is_read() =>
        Read($"a,b,{new string('c', CsvReader.MaxLength)}\nd,e,f\n").Select(r => r.Problem is null).Should().Equal(false, true);

    [Test]
    public void A_line_longer_than_the_readers_buffer_is_whole() =>
        Read($"a,b,{new string('c', 40_000)}\nd,e,f\n")[0].Fields[2].Length.Should().Be(40_000);
}
