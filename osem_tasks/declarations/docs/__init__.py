"""The declared tables as documents for people: Markdown, Mermaid, SVG."""
