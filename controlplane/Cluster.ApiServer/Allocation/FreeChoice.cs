namespace Cluster.ApiServer.Allocation;

/// <summary>
/// Picks free numbers of a range at random: neighbours in time are not neighbours in number, so two servers rarely pick the same.
/// </summary>
internal static class FreeChoice
{
    /// <summary>A number from <paramref name="first"/> to <paramref name="last"/> that is free, or null.</summary>
    public static int? Pick(int first, int last, Func<int, bool> isFree)
    {
        var count = last - first + 1;
        if (count <= 0)
            return null;

        var start = Random.Shared.Next(count);
        for (var i = 0; i < count; i++)
        {
            var number = first + (start + i) % count;
            if (isFree(number))
                return number;
        }

        return null;
    }
}
