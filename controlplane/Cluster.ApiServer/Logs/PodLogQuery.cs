using System.Globalization;
using Cluster.Api;
using Cluster.Api.Validation;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Logs;

/// <summary>The parameters of a log request, checked by Kubernetes' rules.</summary>
internal sealed record PodLogQuery
{
    public string Container { get; private init; } = "";

    public bool Follow { get; private init; }

    public bool Previous { get; private init; }

    public bool Timestamps { get; private init; }

    public bool SkipTlsVerification { get; private init; }

    public long? TailLines { get; private init; }

    public long? LimitBytes { get; private init; }

    public long? SinceSeconds { get; private init; }

    /// <summary>As the client wrote it.</summary>
    public string SinceTime { get; private init; } = "";

    /// <exception cref="StatusException">400: not a number or a time; 422: out of range, or two that exclude each other.</exception>
    public static PodLogQuery Parse(IQueryCollection query, string pod)
    {
        var parsed = new PodLogQuery
        {
            Container = query["container"].ToString(),
            Follow = Flag(query, "follow"),
            Previous = Flag(query, "previous"),
            Timestamps = Flag(query, "timestamps"),
            SkipTlsVerification = Flag(query, "insecureSkipTLSVerifyBackend"),
            TailLines = Number(query, "tailLines"),
            LimitBytes = Number(query, "limitBytes"),
            SinceSeconds = Number(query, "sinceSeconds"),
            SinceTime = Time(query["sinceTime"].ToString()),
        };
        var errors = parsed.Errors().ToList();
        return errors.Count == 0 ? parsed : throw StatusErrors.Invalid("", "PodLogOptions", pod, errors);
    }

    /// <summary>The query of the kubelet's endpoint: the same names.</summary>
    public string ToKubeletQuery()
    {
        List<string> parts = [];
        AddFlag("follow", Follow);
        AddNumber("limitBytes", LimitBytes);
        AddFlag("previous", Previous);
        AddNumber("sinceSeconds", SinceSeconds);
        if (SinceTime.Length > 0)
            parts.Add($"sinceTime={Uri.EscapeDataString(SinceTime)}");
        AddNumber("tailLines", TailLines);
        AddFlag("timestamps", Timestamps);
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);

        void AddFlag(string name, bool set)
        {
            if (set)
                parts.Add($"{name}=true");
        }

        void AddNumber(string name, long? value)
        {
            if (value is { } number)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{name}={number}"));
        }
    }

    private IEnumerable<FieldError> Errors()
    {
        if (TailLines < 0)
            yield return FieldError.Invalid("tailLines", TailLines, "must be greater than or equal to 0");
        if (LimitBytes < 1)
            yield return FieldError.Invalid("limitBytes", LimitBytes, "must be greater than 0");
        if (SinceSeconds is not null && SinceTime.Length > 0)
            yield return FieldError.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
        else if (SinceSeconds < 1)
            yield return FieldError.Invalid("sinceSeconds", SinceSeconds, "must be greater than 0");
    }

    /// <summary>Go's reading of a flag in a query: present and anything but false or 0.</summary>
    private static bool Flag(IQueryCollection query, string name) =>
        query.TryGetValue(name, out var value) && !value.ToString().Equals("false", StringComparison.OrdinalIgnoreCase) && value != "0";

    private static long? Number(IQueryCollection query, string name)
    {
        var text = query[name].ToString();
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw StatusErrors.BadRequest($"strconv.ParseInt: parsing {GoText.Quote(text)}: invalid syntax");
    }

    private static string Time(string text) =>
        text.Length == 0 || DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)
            ? text
            : throw StatusErrors.BadRequest($"parsing time {GoText.Quote(text)}: not RFC 3339");
}
