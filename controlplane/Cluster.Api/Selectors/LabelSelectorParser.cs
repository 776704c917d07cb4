using Cluster.Api.Validation;

namespace Cluster.Api.Selectors;

/// <summary>Reads the text form of a label selector by recursive descent; complaints are Kubernetes' own.</summary>
internal sealed class LabelSelectorParser(string text)
{
    private readonly List<(LabelToken Token, string Text)> tokens = LabelSelectorLexer.Tokens(text);
    private int position;

    public List<LabelRequirement> Parse()
    {
        var requirements = new List<LabelRequirement>();
        while (Peek().Token is not LabelToken.End)
        {
            var (token, found) = Peek();
            if (token is not (LabelToken.Identifier or LabelToken.Not))
            {
                throw Unexpected(found, ", expected: !, identifier, or 'end of string'");
            }
            requirements.Add(Requirement());
            Separator();
        }
        return requirements;
    }

    /// <summary>A comma with another requirement behind it, or the end.</summary>
    private void Separator()
    {
        var (token, found) = Peek();
        if (token is LabelToken.End)
        {
            return;
        }
        if (token is not LabelToken.Comma)
        {
            throw Unexpected(found, ", expected: ',' or 'end of string'");
        }
        position++;
        var (next, follower) = Peek();
        if (next is not (LabelToken.Identifier or LabelToken.Not))
        {
            throw Unexpected(follower, ", expected: identifier after ','");
        }
    }

    private LabelRequirement Requirement()
    {
        var negated = Peek().Token is LabelToken.Not;
        if (negated)
        {
            position++;
        }
        var key = Key();
        if (negated)
        {
            return new LabelRequirement(key, LabelOperator.DoesNotExist, []);
        }
        return Peek().Token is LabelToken.End or LabelToken.Comma
            ? new LabelRequirement(key, LabelOperator.Exists, [])
            : Comparison(key);
    }

    private string Key()
    {
        var (token, key) = Next();
        if (token is not LabelToken.Identifier)
        {
            throw InRequirement($"found '{key}', expected: identifier");
        }
        Check("<nil>", key, NameFormats.QualifiedName(key));
        return key;
    }

    private LabelRequirement Comparison(string key)
    {
        var (token, found) = tokens[position++];
        var comparison = token switch
        {
            LabelToken.In => LabelOperator.In,
            LabelToken.NotIn => LabelOperator.NotIn,
            LabelToken.Equals or LabelToken.DoubleEquals => LabelOperator.Equals,
            LabelToken.NotEquals => LabelOperator.NotEquals,
            LabelToken.Greater => LabelOperator.GreaterThan,
            LabelToken.Less => LabelOperator.LessThan,
            _ => throw InRequirement($"found '{found}', expected: in, notin, =, ==, !=, gt, lt"),
        };
        var values = comparison is LabelOperator.In or LabelOperator.NotIn ? ValueSet() : [SingleValue()];
        CheckValues(key, comparison, values);
        return new LabelRequirement(key, comparison, values);
    }

    /// <summary>A missing value is the empty one: <c>key=</c>.</summary>
    private string SingleValue()
    {
        if (Peek().Token is LabelToken.End or LabelToken.Comma)
        {
            return "";
        }
        var (token, found) = Next();
        return token is LabelToken.Identifier ? found : throw InRequirement($"found '{found}', expected: identifier");
    }

    private List<string> ValueSet()
    {
        var (token, found) = Next();
        if (token is not LabelToken.Open)
        {
            throw InRequirement($"found '{found}' expected: '('");
        }
        (token, found) = Peek();
        if (token is not (LabelToken.Identifier or LabelToken.Comma or LabelToken.Close))
        {
            throw InRequirement($"found '{found}', expected: ',', ')' or identifier");
        }
        return Values().Distinct().Order(StringComparer.Ordinal).ToList();
    }

    /// <summary>Up to the closing parenthesis; a gap between commas is the empty value.</summary>
    private IEnumerable<string> Values()
    {
        while (true)
        {
            var (start, text) = Peek();
            if (start is not (LabelToken.Identifier or LabelToken.Comma or LabelToken.Close))
            {
                throw InRequirement($"found '{text}', expected: ',', or identifier");
            }
            yield return start is LabelToken.Identifier ? Next().Text : "";
            var (token, found) = Next();
            if (token is LabelToken.Close)
            {
                yield break;
            }
            if (token is not LabelToken.Comma)
            {
                throw InRequirement($"found '{found}', expected: ',' or ')'");
            }
        }
    }

    private static void CheckValues(string key, LabelOperator comparison, List<string> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (comparison is LabelOperator.GreaterThan or LabelOperator.LessThan && !LabelRequirement.TryInteger(values[i], out _))
            {
                Check($"values[{i}]", values[i], ["for 'Gt', 'Lt' operators, the value must be an integer"]);
            }
            Check($"values[{i}][{key}]", values[i], NameFormats.LabelValue(values[i]));
        }
    }

    private static void Check(string path, string value, IEnumerable<string> complaints)
    {
        var detail = string.Join("; ", complaints);
        if (detail.Length > 0)
        {
            throw InRequirement(FieldError.Invalid(path, value, detail).Message);
        }
    }

    /// <summary>Where a value or key may stand, <c>in</c> and <c>notin</c> are ordinary words.</summary>
    private (LabelToken Token, string Text) Peek()
    {
        var (token, text) = tokens[position];
        return (token is LabelToken.In or LabelToken.NotIn ? LabelToken.Identifier : token, text);
    }

    private (LabelToken Token, string Text) Next()
    {
        var token = Peek();
        position = Math.Min(position + 1, tokens.Count - 1);
        return token;
    }

    private static StatusException Unexpected(string found, string expected) => StatusErrors.BadRequest($"found '{found}'{expected}");

    private static StatusException InRequirement(string complaint) => StatusErrors.BadRequest($"unable to parse requirement: {complaint}");
}
