using System.Text.Json;
using System.Text.Json.Serialization;
using CsCheck;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Values;

public partial class ResumeTokenTests
{
    private static readonly Guid Id = Guid.Parse("0198c0de-0000-7000-8000-0123456789ab");

    private static readonly Gen<ResumeToken> Tokens = Gen.OneOf(
        Gen.Const(ResumeToken.Start),
        Gen.Long[0, long.MaxValue].Select(p => ResumeToken.Unverified(At(p))),
        Gen.Select(Gen.Long[1, long.MaxValue], Gen.Guid.Where(id => id != Guid.Empty), Gen.UInt).Select((p, id, mark) => ResumeToken.Of(At(p), id, mark)));

    [Test]
    public void Default_is_the_start_and_names_no_event()
    {
        default(ResumeToken).Should().Be(ResumeToken.Start);
        ResumeToken.Start.Position.Should().Be(GlobalPosition.Start);
        ResumeToken.Start.IsVerifiable.Should().BeFalse();
        ResumeToken.Unverified(GlobalPosition.Start).Should().Be(ResumeToken.Start);
    }

    [Test]
    public void Text_begins_with_the_format_and_names_position_id_and_mark()
    {
        ResumeToken.Of(At(42), Id, 0xBEEF).ToString().Should().Be("1.42.0198c0de0000700080000123456789ab.0000beef");
        ResumeToken.Unverified(At(42)).ToString().Should().Be("1.42");
        ResumeToken.Start.ToString().Should().Be("1.0");
    }

    [Test]
    public void Text_reads_back_as_the_token_that_was_written() => Tokens.Sample(token =>
        ResumeToken.Parse(token.ToString(), null) == token && token.ToString().All(c => char.IsAsciiLetterOrDigit(c) || c == '.'));

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("42")]
    [TestCase("1")]
    [TestCase("1.")]
    [TestCase(".42")]
    [TestCase("2.42")]
    [TestCase("11.42")]
    [TestCase("1.-1")]
    [TestCase("1.+1")]
    [TestCase("1. 1")]
    [TestCase("1.42 ")]
    [TestCase("1.9223372036854775808")]
    [TestCase("1.42.")]
    [TestCase("1.42.0198c0de0000700080000123456789ab")]
    [TestCase("1.42.0198c0de0000700080000123456789ab.")]
    [TestCase("1.42.0198c0de0000700080000123456789ab.beef")]
    [TestCase("1.42.0198c0de0000700080000123456789ab.0000000beef")]
    [TestCase("1.42.0198c0de0000700080000123456789ab. 000beef")]
    [TestCase("1.42. 0198c0de0000700080000123456789ab.0000beef")]
    [TestCase("1.42.0198c0de0000700080000123456789ab.0000beef.")]
    [TestCase("1.42.0198c0de0000700080000123456789ab.0000beef.1")]
    [TestCase("1.42.0198c0de-0000-7000-8000-0123456789ab.0000beef")]
    [TestCase("1.42.00000000000000000000000000000000.0000beef")]
    [TestCase("1.0.0198c0de0000700080000123456789ab.0000beef")]
    public void Text_that_is_no_token_is_refused(string text)
    {
        ResumeToken.TryParse(text, null, out var token).Should().BeFalse();
        token.Should().Be(ResumeToken.Start);
        FluentActions.Invoking(() => ResumeToken.Parse(text, null)).Should().Throw<FormatException>().WithMessage($"*'{text}'*");
    }

    [Test]
    public void No_text_of_any_kind_makes_the_parser_fail_in_another_way() => Gen.OneOf(
        Gen.String,
        Gen.Select(Tokens, Gen.Int[0, 60], Gen.Char).Select((token, at, c) => Damaged(token.ToString(), at, c)))
        .Sample(text => !ResumeToken.TryParse(text, null, out var token) || ResumeToken.Parse(token.ToString(), null) == token);

    [Test]
    public void Null_is_no_token()
    {
        ResumeToken.TryParse(null, null, out _).Should().BeFalse();
        FluentActions.Invoking(() => ResumeToken.Parse(null!, null)).Should().Throw<ArgumentNullException>();
    }

    [Test]
    public void Tokens_are_ordered_by_position_alone()
    {
        var (low, high) = (ResumeToken.Of(At(1), Id, uint.MaxValue), ResumeToken.Of(At(2), Id, 0));
        (low < high).Should().BeTrue();
        (low <= high).Should().BeTrue();
        (high > low).Should().BeTrue();
        (high >= low).Should().BeTrue();
        low.CompareTo(ResumeToken.Of(At(1), Guid.NewGuid(), 7)).Should().Be(0);
        (ResumeToken.Start < low).Should().BeTrue();
    }

    [Test]
    public void Tokens_of_one_position_differ_by_id_and_by_mark()
    {
        var token = ResumeToken.Of(At(1), Id, 1);
        token.Should().NotBe(ResumeToken.Of(At(1), Id, 2));
        token.Should().NotBe(ResumeToken.Of(At(1), Guid.NewGuid(), 1));
        token.Should().NotBe(ResumeToken.Unverified(At(1)));
        token.Should().Be(ResumeToken.Of(At(1), Id, 1));
    }

    [Test]
    public void Token_of_no_event_cannot_be_made()
    {
        FluentActions.Invoking(() => ResumeToken.Of(GlobalPosition.Start, Id, 1)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => ResumeToken.Of(At(1), Guid.Empty, 1)).Should().Throw<ArgumentException>();
    }

    [Test]
    public void Json_holds_the_text_and_the_start_as_null()
    {
        var cursor = new Cursor(ResumeToken.Of(At(42), Id, 0xBEEF), ResumeToken.Start, null, new() { [ResumeToken.Unverified(At(7))] = 1, [ResumeToken.Start] = 2 });
        var json = JsonSerializer.Serialize(cursor, TokenJson.Default.Cursor);
        json.Should().Be("""{"At":"1.42.0198c0de0000700080000123456789ab.0000beef","From":null,"Perhaps":null,"Seen":{"1.7":1,"1.0":2}}""");
        var read = JsonSerializer.Deserialize(json, TokenJson.Default.Cursor)!;
        read.Should().BeEquivalentTo(cursor);
        read.Seen.Should().Equal(cursor.Seen);
    }

    [Test]
    public void Json_reads_back_as_it_was_written() => Tokens.Sample(token =>
        JsonSerializer.Deserialize<ResumeToken>(JsonSerializer.Serialize(token)) == token
        && JsonSerializer.Deserialize<Dictionary<ResumeToken, int>>(JsonSerializer.Serialize(new Dictionary<ResumeToken, int> { [token] = 1 }))!.ContainsKey(token));

    [TestCase("\"\"")]
    [TestCase("\"1\"")]
    [TestCase("42")]
    [TestCase("true")]
    [TestCase("{}")]
    [TestCase("[]")]
    public void Json_that_is_no_token_is_refused(string json) =>
        FluentActions.Invoking(() => JsonSerializer.Deserialize<ResumeToken>(json)).Should().Throw<JsonException>().WithMessage("*resume token*");

    [Test]
    public void Json_property_that_is_no_token_is_refused() =>
        FluentActions.Invoking(() => JsonSerializer.Deserialize<Dictionary<ResumeToken, int>>("""{"x":1}""")).Should().Throw<JsonException>().WithMessage("*'x'*resume token*");

    [Test]
    public void Error_names_the_token_and_the_event_found()
    {
        var (mine, other) = (ResumeToken.Of(At(42), Id, 1), ResumeToken.Of(At(42), Guid.NewGuid(), 2));
        var error = new LogDivergedException(mine, other, At(50));
        error.Message.Should().Contain("42").And.Contain(mine.EventId.ToString()).And.Contain(other.EventId.ToString()).And.Contain("00000001").And.Contain("00000002");
        (error.Token, error.Found, error.Head, error.IsTransient).Should().Be((mine, other, At(50), false));
        var beyond = new LogDivergedException(mine, null, At(40));
        beyond.Message.Should().Contain("42").And.Contain(mine.EventId.ToString()).And.Contain("40");
        beyond.Found.Should().BeNull();
    }

    private static GlobalPosition At(long position) => GlobalPosition.FromInt64(position);

    private static string Damaged(string text, int at, char c) => at < text.Length ? string.Concat(text.AsSpan(0, at), c.ToString(), text.AsSpan(at + 1)) : text + c;

    internal sealed record Cursor(ResumeToken At, ResumeToken From, ResumeToken? Perhaps, Dictionary<ResumeToken, int> Seen);

    [JsonSerializable(typeof(Cursor))]
    private sealed partial class TokenJson : JsonSerializerContext;
}
