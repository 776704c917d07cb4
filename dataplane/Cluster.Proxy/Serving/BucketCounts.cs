using System.Globalization;
using System.Text;

namespace Cluster.Proxy.Serving;

/// <summary>A Prometheus histogram with fixed bounds. Any thread.</summary>
/// <param name="name">The metric's name.</param>
/// <param name="help">What it measures.</param>
/// <param name="bounds">Upper bounds, rising; one above all of them is added.</param>
internal sealed class BucketCounts(string name, string help, double[] bounds)
{
    private readonly long[] _counts = new long[bounds.Length + 1];
    private readonly Lock _lock = new();
    private double _sum;

    public void Observe(double value)
    {
        var index = Array.FindIndex(bounds, bound => value <= bound);
        lock (_lock)
        {
            _counts[index < 0 ? bounds.Length : index]++;
            _sum += value;
        }
    }

    public void AppendTo(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} histogram\n");
        lock (_lock)
        {
            var total = 0L;
            for (var i = 0; i < _counts.Length; i++)
            {
                total += _counts[i];
                var bound = i < bounds.Length ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{bound}\"}} {total}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"{name}_sum {_sum}\n{name}_count {total}\n");
        }
    }
}
