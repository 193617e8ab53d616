import streamlit as st

st.title("exams")
