namespace Cluster.Storage.Embedded;

/// <summary>A row's key is its revision and its position in it, so rows of a revision lie together and new rows come last.</summary>
internal static class RowId
{
    private const int PositionBits = 7; // 2^7 = StoreTxn.MaxOperations

    public static long Of(long revision, int position) => (revision << PositionBits) | (uint)position;

    public static long FirstOf(long revision) => revision << PositionBits;

    public static long RevisionOf(long id) => id >> PositionBits;
}
