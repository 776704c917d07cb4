using System.Reflection;
using BenchmarkDotNet.Reports;

namespace Cluster.Benchmarks;

/// <summary>Compares what benchmarks allocated with their budgets.</summary>
internal static class AllocationBudgets
{
    /// <summary>One line for each benchmark over its budget, without a budget, or without a measurement.</summary>
    public static IReadOnlyList<string> Violations(IEnumerable<Summary> summaries) =>
        [.. summaries.SelectMany(summary => summary.Reports).Select(Violation).OfType<string>()];

    private static string? Violation(BenchmarkReport report)
    {
        string name = report.BenchmarkCase.DisplayInfo;
        if (report.BenchmarkCase.Descriptor.WorkloadMethod.GetCustomAttribute<AllocationBudgetAttribute>() is not { } budget) return $"{name}: has no allocation budget";
        if (!report.Success || report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) is not { } bytes) return $"{name}: was not measured";
        return bytes > budget.Bytes ? $"{name}: allocates {bytes} bytes per call; its budget is {budget.Bytes}" : null;
    }
}
