using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Admission;

/// <summary>Which tolerations say nothing that another one does not say already.</summary>
internal static class TolerationCover
{
    /// <summary>Each is compared with each, before anything has looked at how many a client has sent. No pod in use has so many.</summary>
    private const int MostCompared = 256;

    /// <summary>Those that no other one covers, in their order; of equal ones the first. Of very many all: they say the same.</summary>
    public static IReadOnlyList<Toleration> Merge(IReadOnlyList<Toleration> all)
    {
        if (all.Count > MostCompared)
            return all;
        List<Toleration> kept = [];
        for (var i = 0; i < all.Count; i++)
        {
            var one = all[i];
            if (!kept.Exists(other => Covers(other, one)) && !all.Skip(i + 1).Any(other => !other.Equals(one) && Covers(other, one)))
                kept.Add(one);
        }

        return kept;
    }

    /// <summary>Whatever <paramref name="one"/> tolerates, <paramref name="other"/> does for at least as long.</summary>
    public static bool Covers(Toleration other, Toleration one)
    {
        if (other.Equals(one))
            return true;

        // Without a key, Exists stands for every key; without an effect, it is every effect.
        if ((other.Key != one.Key && !(other.Key.Length == 0 && other.Operator == "Exists")) || (other.Effect.Length > 0 && other.Effect != one.Effect))
            return false;
        if (other is { Effect: "NoExecute", HasTolerationSeconds: true } && !(one.HasTolerationSeconds && one.TolerationSeconds <= other.TolerationSeconds))
            return false;

        return other.Operator == "Exists" || (other.Operator is "" or "Equal" && one.Operator is "" or "Equal" && other.Value == one.Value);
    }
}
