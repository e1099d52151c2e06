using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EventSourcing.Storage;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Changes;

/// <summary>Makes the tokens of one view's changes, and finds the changes after a token.</summary>
/// <param name="projection">The projection.</param>
/// <param name="table">Its place in the set.</param>
/// <param name="version">The version of the set.</param>
internal sealed class ChangeTokens(string projection, int table, int version)
{
    /// <exception cref="NotSupportedException">A projection keeps no changes.</exception>
    internal static void ThrowIfNotKept(string projection, int maxChanges)
    {
        if (maxChanges == 0) throw new NotSupportedException($"View '{projection}' keeps no changes. Add KeepChanges() to the constructor of its projection, and raise the version. A tally cannot keep them.");
    }

    /// <summary>The place after everything that a snapshot has.</summary>
    internal ViewChangeToken Last(OpenSnapshot opened) => Of(opened, opened.Rows.Checkpoint.Position, opened.Rows.FindLastChange(table));

    /// <summary>The place after a change.</summary>
    internal ViewChangeToken After(OpenSnapshot opened, in StoredViewChange change) => Of(opened, change.Position, change.Place);

    /// <summary>The changes after a token, as a snapshot has them.</summary>
    /// <param name="opened">The snapshot.</param>
    /// <param name="token">The token, not <c>default</c>.</param>
    /// <param name="max">At most this many.</param>
    /// <exception cref="ViewChangesLostException">The snapshot's changes do not continue those before the token.</exception>
    internal IReadOnlyList<StoredViewChange> ReadAfter(OpenSnapshot opened, ViewChangeToken token, int max)
    {
        if (token.Version != version) throw Lost(token, $"it is of version {token.Version}, and version {version} is read");
        if (token.Build != opened.Build.Number) throw Lost(token, $"it is of build {token.Build}, and the view was built again since: build {opened.Build.Number} serves");
        // With the change before them: it shows whether the token is of these changes, and that none is missing after it.
        var read = opened.Rows.ReadChanges(table, token.Ordinal, max + 1);
        if (token.Ordinal == 0)
        {
            if (Of(opened, token.Position, default) != token) throw Other(token);
            return read.Count == 0 || read[0].Place.Ordinal == 1 ? read : throw TooOld(token, read[0].Place.Ordinal);
        }

        if (read.Count == 0) throw Other(token);
        if (read[0].Place.Ordinal != token.Ordinal) throw TooOld(token, read[0].Place.Ordinal);
        return Of(opened, token.Position, read[0].Place) == token ? [.. read.Skip(1)] : throw Other(token);
    }

    private ViewChangeToken Of(OpenSnapshot opened, GlobalPosition position, ViewChangePlace place) =>
        new(projection, version, opened.Build.Number, position, place.Ordinal, Check(opened, position, place));

    // The random ids of the place and of the transaction are not in the token, so no other text is a token of the same changes.
    private ulong Check(OpenSnapshot opened, GlobalPosition position, ViewChangePlace place)
    {
        Span<byte> bytes = stackalloc byte[16 + (5 * sizeof(long)) + ViewNames.MaxLength];
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        opened.Build.Origin.TryWriteBytes(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], version);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], opened.Build.Number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], position.ToInt64());
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], place.Ordinal);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], place.Mark);
        var length = 56 + Encoding.UTF8.GetBytes(projection, bytes[56..]);
        SHA256.HashData(bytes[..length], digest);
        return BinaryPrimitives.ReadUInt64LittleEndian(digest);
    }

    private ViewChangesLostException TooOld(ViewChangeToken token, long first) =>
        Lost(token, string.Create(CultureInfo.InvariantCulture, $"it is the place of change {token.Ordinal}, and the oldest one that is kept is change {first} (KeepChanges)"));

    private ViewChangesLostException Other(ViewChangeToken token) => Lost(token, "it is no token of the changes that are kept; the view's file was made again or brought back to an older state, or the token was altered");

    private ViewChangesLostException Lost(ViewChangeToken token, string reason) => new(projection, token, reason);
}
